"""Who may ask: one identical 401, and changes that hold from the next call."""

import time
from dataclasses import replace

import httpx2
import pytest

from handler.gateway.server import Server
from handler.grants import tokens
from handler.grants.model import GrantStatus
from tests.clear import CLEAR
from tests.gateway.world import Gateway, UpstreamProcess, legacy, modern

REQUESTS = {
    "tools/call": modern("tools/call", {"name": "read_customer", "arguments": {"id": "1"}}),
    "tools/list": modern("tools/list", {}),
    "server/discover": modern("server/discover", {}),
    "initialize": legacy(
        "initialize",
        {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x"}},
    ),
    "ping": legacy("ping", {}),
    "unknown": modern("transfer", {}),
    "malformed": ([], {}),
}


def wrong_tokens(door: Gateway) -> dict[str, str]:
    door.register(Server("other", door.servers["crm"].upstream, private_network=True))
    return {
        "unknown": tokens.mint("nobody").text,
        "wrong secret": tokens.mint("g1").text,
        "malformed": "hp_g1",
        "not ours": "Basic",
        "expired": door.grant("late", expires_at=time.time() - 1),
        "revoked": door.grant("gone", status=GrantStatus.REVOKED),
        "of another server": door.grant("else", server="other"),
    }


def test_every_wrong_token_gets_one_identical_401_on_every_method_and_nothing_goes_upstream(
    door: Gateway, upstream: UpstreamProcess
) -> None:
    seen = set()
    for token in wrong_tokens(door).values():
        for body, headers in REQUESTS.values():
            answer = door.post(body, headers=headers, token=token)
            kept = {k: v for k, v in answer.headers.items() if k not in ("date", "server")}
            seen.add((answer.status_code, answer.content, tuple(sorted(kept.items()))))
    unknown_server = door.post(*REQUESTS["ping"][:1], server="nowhere")
    assert len(seen) == 1
    assert next(iter(seen))[0] == unknown_server.status_code == 401
    assert unknown_server.content == next(iter(seen))[1]
    assert upstream.recorded()["requests"] == []


def test_a_get_or_delete_with_a_wrong_token_is_the_same_401(door: Gateway) -> None:
    headers = {"Authorization": "Bearer " + tokens.mint("g1").text}
    found = {
        httpx2.request(m, door.endpoint(), headers=headers, **CLEAR).content
        for m in ("GET", "DELETE")
    }
    assert found == {door.post({}, token="x").content}


def test_two_authorization_headers_are_no_token(door: Gateway) -> None:
    pair = [("Authorization", f"Bearer {door.token}"), ("Authorization", f"Bearer {door.token}")]
    answer = httpx2.post(door.endpoint(), headers=pair, content=b"{}", **CLEAR)
    assert answer.status_code == 401


def ok(answer: httpx2.Response) -> bool:
    return answer.status_code == 200 and not answer.json()["result"]["isError"]


def test_a_revocation_holds_from_the_next_call(door: Gateway, upstream: UpstreamProcess) -> None:
    assert ok(door.call("read_customer", {"id": "1"}))
    door.change(replace(door.grants["g1"], status=GrantStatus.REVOKED))
    assert door.call("read_customer", {"id": "1"}).status_code == 401
    assert len(upstream.calls) == 1


def test_the_token_before_the_last_rotation_is_good_and_the_one_before_it_is_not(
    door: Gateway,
) -> None:
    first, second, third = door.token, tokens.mint("g1"), tokens.mint("g1")
    door.change(tokens.rotated(door.grants["g1"], second))
    assert ok(door.call("read_customer", {"id": "1"}, token=first))
    door.change(tokens.rotated(door.grants["g1"], third))
    assert ok(door.call("read_customer", {"id": "1"}, token=second.text))
    assert door.call("read_customer", {"id": "1"}, token=first).status_code == 401


@pytest.mark.parametrize("what", ["grant", "server"])
def test_a_pause_refuses_calls_in_band_from_the_next_one_and_leaves_listing(
    door: Gateway, upstream: UpstreamProcess, what: str
) -> None:
    assert ok(door.call("read_customer", {"id": "1"}))
    if what == "grant":
        door.change(replace(door.grants["g1"], status=GrantStatus.PAUSED))
    else:
        door.register(replace(door.servers["crm"], paused=True))
    denied = door.call("read_customer", {"id": "1"})
    body, headers = modern("tools/list", {})
    assert denied.status_code == 200
    assert denied.json()["result"]["_meta"]["holdpoint/decision"]["rule"] == "(paused)"
    assert door.post(body, headers=headers).json()["result"]["tools"]
    assert len(upstream.calls) == 1


def test_a_grant_without_a_policy_is_denied_every_call(
    door: Gateway, upstream: UpstreamProcess
) -> None:
    token = door.grant("bare", policy=None)
    facts = door.call("read_customer", {"id": "1"}, token=token).json()["result"]["_meta"]
    assert facts["holdpoint/decision"]["rule"] == "(no policy)"
    assert upstream.calls == []
