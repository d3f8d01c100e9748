"""What operators say about access tokens holds from the next call, in both worlds."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2

from handler.gateway.server import Server
from handler.oauth.model import Authority, Issuer, Rule
from handler.stores.dynamodb.connection import Connection
from tests.api_gateway import CONTAINERS
from tests.emulated.world import connection, needs_emulator
from tests.gateway.world import POLICY, Gateway, UpstreamProcess
from tests.oauth.authority import CLIENT, AuthorizationServer
from tests.oauth.conftest import authority, aws

MORE_THAN_ENOUGH = 2 * CONTAINERS
"""Calls after which every container has seen the server and the keys."""

MESSAGE = {"to": "me", "body": "hello"}


def send(door: Gateway, token: str) -> httpx2.Response:
    return door.call("send_message", MESSAGE, token=token)


def name(door: Gateway, oauth: Authority | None) -> None:
    """Register the server anew, of another authority."""
    door.register(replace(door.servers["crm"], policies={}, oauth=oauth), POLICY)


def left(door: Gateway) -> int:
    """How often the grant may still send, found out by sending."""
    sent = 0
    while "[POLICY DENIED]" not in send(door, door.token).text:
        sent += 1
    return sent


def test_each_change_of_the_authority_holds_from_the_next_call(
    door: Gateway, issuer: AuthorizationServer, upstream: UpstreamProcess
) -> None:
    token, good = issuer.token(door.endpoint()), door.servers["crm"].oauth
    elsewhere = Issuer("https://other.example", f"{issuer.issuer}/jwks", private_network=True)
    assert send(door, token).status_code == 200
    changes = (
        (None, 401),
        (good, 200),
        (authority(issuer, Rule("client_id", "somebody", "g1")), 403),
        (authority(issuer, Rule("scope", "pay", "g1")), 200),
        (Authority(elsewhere, (Rule("sub", CLIENT, "g1"),)), 401),
        (authority(issuer, Rule("client_id", CLIENT, "gone")), 401),
        (good, 200),
    )
    for oauth, status in changes:
        name(door, oauth)
        assert send(door, token).status_code == status, oauth
    assert len(upstream.calls) == 4
    assert left(door) == 6, "what was refused took nothing from the limit"


def test_a_change_of_whom_a_token_stands_for_is_a_change_of_who_pays(
    door: Gateway, issuer: AuthorizationServer
) -> None:
    token = issuer.token(door.endpoint())
    other = door.grant("g2")
    assert send(door, token).status_code == 200
    name(door, authority(issuer, Rule("client_id", CLIENT, "g2")))
    for _ in range(9):
        assert send(door, token).status_code == 200
    assert "[POLICY DENIED]" not in send(door, other).text
    assert "[POLICY DENIED]" in send(door, token).text
    assert left(door) == 9


def test_a_grant_needs_no_token_of_its_own(door: Gateway, issuer: AuthorizationServer) -> None:
    door.change(replace(door.grants["g1"], token_hashes=()))
    assert send(door, issuer.token(door.endpoint())).status_code == 200
    assert send(door, door.token).status_code == 401


def test_a_token_stands_for_no_grant_of_another_server(
    door: Gateway, issuer: AuthorizationServer, upstream: UpstreamProcess
) -> None:
    """A registration that names a grant of another server opens nothing."""
    door.register(Server("other", f"{upstream.url}/mcp", private_network=True), POLICY)
    door.grant("g2", "other")
    name(door, authority(issuer, Rule("client_id", CLIENT, "g2")))
    assert send(door, issuer.token(door.endpoint())).status_code == 401
    assert upstream.calls == []


@needs_emulator
def test_an_access_token_costs_the_same_two_requests_as_a_grant_token(
    tmp_path: Path, upstream: UpstreamProcess, issuer: AuthorizationServer
) -> None:
    asked: list[str] = []

    class Listening(Connection):
        async def send(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
            asked.append(operation)
            return await super().send(operation, body)

    def counted(door: Gateway, token: str, tool: str, arguments: object) -> Counter[str]:
        for _ in range(MORE_THAN_ENOUGH):
            door.call("read_customer", {"id": "7"}, token=token)
        asked.clear()
        assert not door.call(tool, arguments, token=token).json()["result"]["isError"]
        found = Counter(asked)
        del found["Query"]  # the workflow of this stage looks for approvals
        return found

    def connect(url: str) -> Connection:
        return connection(url, Listening)

    with aws(tmp_path, upstream, authority(issuer), connect) as door:
        for token in (issuer.token(door.endpoint()), door.token):
            limited = counted(door, token, "send_message", MESSAGE)
            assert limited == {"UpdateItem": 1, "GetItem": 1}
            assert counted(door, token, "count", {"to": 1}) == {"GetItem": 2}
    assert len(upstream.calls) == 4 * (MORE_THAN_ENOUGH + 1)


def test_an_issuer_without_keys_is_replaced_at_once(
    door: Gateway, issuer: AuthorizationServer, upstream: UpstreamProcess
) -> None:
    token, good = issuer.token(door.endpoint()), door.servers["crm"].oauth
    keyless = Issuer(issuer.issuer, f"{issuer.issuer}/nothing", private_network=True)
    name(door, Authority(keyless, (Rule("client_id", CLIENT, "g1"),)))
    for _ in range(MORE_THAN_ENOUGH):
        assert send(door, token).json()["error"]["code"] == -32603
    name(door, good)
    for _ in range(CONTAINERS):
        assert not send(door, token).json()["result"]["isError"]
    assert len(upstream.calls) == CONTAINERS
