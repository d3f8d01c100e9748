"""Access tokens at the gateway: good ones stand for a grant, all others for nothing."""

import asyncio
import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from joserfc.errors import SecurityWarning
from joserfc.jwk import RSAKey
from mcp import Client
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from starlette.responses import StreamingResponse

from handler.clock import FixedClock, SystemClock
from handler.demo.agent import said
from handler.gateway.bounds import Bounds
from handler.gateway.server import Server
from handler.grants.model import GrantStatus
from handler.oauth import keys as keys_module
from handler.oauth.issuer import metadata_urls
from handler.oauth.keys import Keys
from handler.oauth.model import Issuer, Rule
from tests.clear import CLEAR
from tests.gateway.test_hearing import listens
from tests.gateway.world import POLICY, Ahead, Gateway, UpstreamProcess, gateway
from tests.oauth.authority import CLIENT, EC, FOREIGN, RSA, SECRET, AuthorizationServer
from tests.oauth.conftest import Opening, authority, embedded


def read(door: Gateway, token: str, server: str = "crm") -> httpx2.Response:
    return door.call("read_customer", {"id": "7"}, token=token, server=server)


@pytest.mark.parametrize("key", [RSA, EC], ids=["RS256", "ES256"])
def test_a_good_token_does_what_its_grant_may(
    door: Gateway, issuer: AuthorizationServer, key: Any
) -> None:
    token = issuer.token(door.endpoint(), key)
    assert "customer 7" in read(door, token).text
    denied = door.call("create_charge", {"amount": 1, "currency": "gbp"}, token=token)
    assert "Only USD or EUR." in denied.text
    (record, *_) = [each for each in door.journal() if each["record"] == "decided"]
    assert record["label"] == "agent g1"


def test_a_list_that_names_this_resource_alone_is_the_same_audience(
    door: Gateway, issuer: AuthorizationServer
) -> None:
    assert read(door, issuer.token("", aud=[door.endpoint()])).status_code == 200


def challenged(answer: httpx2.Response) -> str:
    """What a 401 says of tokens, where it says it."""
    named = ("WWW-Authenticate", "x-amzn-remapped-www-authenticate")
    (found,) = (answer.headers[name] for name in named if name in answer.headers)
    return str(found)


def confused(payload: str) -> str:
    """The public key taken for a shared secret."""
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"rsa-1"}').decode().rstrip("=")
    body = f"{head}.{payload}"
    made = hmac.digest(RSA.as_pem(private=False), body.encode(), "sha256")
    return f"{body}.{base64.urlsafe_b64encode(made).decode().rstrip('=')}"


def wrong(issuer: AuthorizationServer, url: str) -> dict[str, str]:
    """Tokens that are each wrong in one way."""
    good, now = issuer.token(url), int(time.time())
    header, payload, signature = good.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"rsa-1"}').decode().rstrip("=")
    return {
        "another audience": issuer.token(url + "x"),
        "the root": issuer.token(url.rpartition("/mcp/")[0]),
        "another server of ours": issuer.token(url.replace("/crm", "/other")),
        "several audiences": issuer.token("", aud=[url, "https://other.example"]),
        "no audience": issuer.token("", aud=None),
        "another issuer": issuer.token(url, iss="https://evil.example"),
        "no issuer": issuer.token(url, iss=None),
        "expired": issuer.token(url, exp=now - 1),
        "no expiry": issuer.token(url, exp=None),
        "an expiry that is a text": issuer.token(url, exp=str(now + 300)),
        "an expiry that is true": issuer.token(url, exp=True),
        "not yet": issuer.token(url, nbf=now + 120),
        "from the future": issuer.token(url, iat=now + 120),
        "a foreign key": issuer.token(url, FOREIGN),
        "an unknown key": issuer.token(url, header={"kid": "rsa-2"}),
        "an id token": issuer.token(url, header={"typ": "id+jwt"}),
        "not signed": f"{none}.{payload}.",
        "signed with the public key": confused(payload),
        "cut": good[:-4],
        "changed": f"{header}.{payload[:-4]}AAAA.{signature}",
        "four parts": f"{good}.",
        "huge": f"{header}.{payload}{'A' * 9_000}.{signature}",
        "nonsense": "..",
        "deep": f"{header}.{base64.urlsafe_b64encode(b'[' * 3_000).decode()}.{signature}",
    }


def test_every_wrong_token_gets_one_401_that_says_where_tokens_come_from(
    door: Gateway, issuer: AuthorizationServer, upstream: UpstreamProcess
) -> None:
    answers = {name: read(door, token) for name, token in wrong(issuer, door.endpoint()).items()}
    answers["none"] = door.call("read_customer", {}, headers={"Authorization": ""})
    answers["a wrong grant token"] = read(door, f"hp_g1_{'A' * 43}")
    assert {name for name, answer in answers.items() if answer.status_code != 401} == set()
    assert len({answer.content for answer in answers.values()}) == 1
    place = f"{door.url}/.well-known/oauth-protected-resource/mcp/crm"
    told = {challenged(answer) for answer in answers.values()}
    assert told == {f'Bearer resource_metadata="{place}"'}
    assert upstream.calls == []


def test_a_good_token_that_stands_for_no_grant_is_forbidden(
    door: Gateway, issuer: AuthorizationServer, upstream: UpstreamProcess
) -> None:
    assert read(door, issuer.token(door.endpoint(), client_id="stranger")).status_code == 403
    other_rules = authority(issuer, Rule("scope", "other", "g2"))
    door.register(
        Server("other", f"{upstream.url}/mcp", private_network=True, oauth=other_rules), POLICY
    )
    door.grant("g2", "other")
    other = door.endpoint("other")
    assert read(door, issuer.token(other), "other").status_code == 403
    assert read(door, issuer.token(other, scope="x other"), "other").status_code == 200
    assert read(door, issuer.token(other, scope="another"), "other").status_code == 403
    assert read(door, issuer.token(other, scope=["other"]), "other").status_code == 200
    assert len(upstream.calls) == 2


def test_a_revoked_grant_is_revoked_for_access_tokens_at_once(
    door: Gateway, issuer: AuthorizationServer, upstream: UpstreamProcess
) -> None:
    token = issuer.token(door.endpoint())
    assert read(door, token).status_code == 200
    door.change(replace(door.grants["g1"], status=GrantStatus.PAUSED))
    assert "paused" in read(door, token).text
    door.change(replace(door.grants["g1"], status=GrantStatus.REVOKED))
    assert read(door, token).status_code == 401
    assert len(upstream.calls) == 1


def test_grant_tokens_are_good_beside_access_tokens(door: Gateway) -> None:
    assert read(door, door.token).status_code == 200


def test_the_client_s_token_never_goes_upstream(
    door: Gateway, issuer: AuthorizationServer, upstream: UpstreamProcess
) -> None:
    token = issuer.token(door.endpoint())
    read(door, token)
    recorded = json.dumps(upstream.recorded())
    assert upstream.calls and token not in recorded and "authorization" not in recorded.lower()
    assert token not in json.dumps(door.journal())


def test_metadata_answers_per_server_and_at_the_root_only_for_one(
    door: Gateway, issuer: AuthorizationServer, upstream: UpstreamProcess
) -> None:
    root = f"{door.url}/.well-known/oauth-protected-resource"
    document = httpx2.get(f"{root}/mcp/crm", **CLEAR).json()
    assert document["resource"] == door.endpoint()
    assert document["authorization_servers"] == [issuer.issuer]
    assert httpx2.get(root, **CLEAR).json() == document
    for path in ("/mcp/other", "/mcp", "/crm", "/mcp/crm/x"):
        assert httpx2.get(root + path, **CLEAR).status_code == 404
    other = Server("other", f"{upstream.url}/mcp", private_network=True)
    door.register(other, POLICY)
    assert {httpx2.get(root + path, **CLEAR).status_code for path in ("", "/mcp/other")} == {404}
    door.register(replace(other, oauth=authority(issuer)), POLICY)
    assert httpx2.get(f"{root}/mcp/other", **CLEAR).json()["resource"] == door.endpoint("other")


def test_without_an_authorization_server_there_is_no_metadata_and_no_hint(
    opening: Opening, tmp_path: Path, upstream: UpstreamProcess, issuer: AuthorizationServer
) -> None:
    with opening(tmp_path, upstream, None) as plain:
        root = f"{plain.url}/.well-known/oauth-protected-resource"
        assert {httpx2.get(root + path, **CLEAR).status_code for path in ("", "/mcp/crm")} == {404}
        answer = read(plain, issuer.token(plain.endpoint()))
        assert answer.status_code == 401 and challenged(answer) == "Bearer"


@pytest.mark.parametrize("opening", [embedded], ids=["embedded"])
def test_a_new_key_is_found_and_made_up_ones_fetch_nothing_more(
    door: Gateway, issuer: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read(door, issuer.token(door.endpoint())).status_code == 200
    for number in range(5):
        token = issuer.token(door.endpoint(), header={"kid": f"made-up-{number}"})
        assert read(door, token).status_code == 401
    assert issuer.fetched == 1
    fresh = RSAKey.generate_key(2048, {"kid": "rsa-9", "use": "sig"})
    issuer.keys.append(fresh)
    monkeypatch.setattr(keys_module, "PAUSE_SECONDS", 0)
    assert read(door, issuer.token(door.endpoint(), fresh)).status_code == 200
    assert issuer.fetched == 2


def test_where_the_keys_cannot_be_had_nothing_is_forwarded(
    door: Gateway, issuer: AuthorizationServer, upstream: UpstreamProcess
) -> None:
    issuer.broken = True
    answer = read(door, issuer.token(door.endpoint()))
    assert answer.status_code == 200 and answer.json()["error"]["code"] == -32603
    assert upstream.calls == []


@pytest.mark.anyio
async def test_known_keys_serve_an_hour_while_no_new_ones_can_be_had(
    issuer: AuthorizationServer,
) -> None:
    clock = FixedClock(0.0)
    keys = Keys(Issuer(issuer.issuer, private_network=True), clock)
    assert await keys.key("rsa-1", "RS256") is not None
    issuer.broken = True
    clock.time = keys_module.KEPT_SECONDS
    assert await keys.key("rsa-1", "RS256") is not None
    clock.time = keys_module.USABLE_SECONDS
    with pytest.raises(keys_module.KeysUnavailable):
        await keys.key("rsa-1", "RS256")


@pytest.mark.anyio
async def test_a_clock_that_is_put_back_keeps_no_key_for_longer(
    issuer: AuthorizationServer,
) -> None:
    clock = FixedClock(100_000.0)
    keys = Keys(Issuer(issuer.issuer, private_network=True), clock)
    assert await keys.key("rsa-1", "RS256") is not None
    clock.time = 0.0
    issuer.keys = [EC]
    assert await keys.key("rsa-1", "RS256") is None
    assert issuer.fetched == 2


@pytest.mark.anyio
async def test_a_known_key_waits_for_nobody_s_made_up_one(issuer: AuthorizationServer) -> None:
    clock, asked, released = FixedClock(0.0), threading.Event(), threading.Event()
    keys = Keys(Issuer(issuer.issuer, private_network=True), clock)
    assert await keys.key("rsa-1", "RS256") is not None

    def nothing() -> Iterator[bytes]:
        asked.set()
        released.wait(30)
        yield b""

    issuer.answers = lambda: StreamingResponse(nothing())
    clock.time = keys_module.PAUSE_SECONDS
    made_up = asyncio.create_task(keys.key("rsa-2", "RS256"))
    try:
        assert await asyncio.to_thread(asked.wait, 30)
        assert await keys.key("rsa-1", "RS256") is not None and not made_up.done()
    finally:
        released.set()
    assert await made_up is None


@pytest.mark.anyio
async def test_keys_that_are_weak_or_for_other_uses_are_not_used(
    issuer: AuthorizationServer,
) -> None:
    with pytest.warns(SecurityWarning):
        weak = RSAKey.generate_key(1024, {"kid": "weak", "use": "sig"})
    sealing = RSAKey.generate_key(2048, {"kid": "sealing", "use": "enc"})
    issuer.keys = [weak, sealing, RSA]
    keys = Keys(Issuer(issuer.issuer, f"{issuer.issuer}/jwks", True), SystemClock())
    assert await keys.key("rsa-1", "RS256") is not None
    assert await keys.key("weak", "RS256") is None
    assert await keys.key("sealing", "RS256") is None
    assert await keys.key("rsa-1", "ES256") is None
    assert await keys.key("rsa-1", "HS256") is None


@pytest.mark.anyio
async def test_keys_are_not_fetched_from_this_machine_unless_that_is_allowed(
    issuer: AuthorizationServer,
) -> None:
    keys = Keys(Issuer(issuer.issuer), SystemClock())
    with pytest.raises(keys_module.KeysUnavailable):
        await keys.key("rsa-1", "RS256")
    assert issuer.fetched == 0


def test_metadata_of_an_issuer_with_a_path_is_looked_for_in_each_place() -> None:
    assert metadata_urls("https://as.example/tenant") == (
        "https://as.example/.well-known/oauth-authorization-server/tenant",
        "https://as.example/.well-known/openid-configuration/tenant",
        "https://as.example/tenant/.well-known/openid-configuration",
    )


class Memory:
    """Where the official client keeps its token."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return None

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        raise AssertionError("this client is registered already")


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_official_client_finds_its_way_from_the_401_to_a_result(
    door: Gateway, issuer: AuthorizationServer, mode: str
) -> None:
    memory = Memory()
    auth = ClientCredentialsOAuthProvider(
        door.endpoint(), memory, CLIENT, SECRET, issuer=issuer.issuer
    )
    async with httpx2.AsyncClient(auth=auth, **CLEAR) as http:
        transport = streamable_http_client(door.endpoint(), http_client=http)
        async with Client(transport, mode=mode) as client:
            assert said(await client.call_tool("read_customer", {"id": "7"})) == "customer 7"
            refused = await client.call_tool("delete_customer", {"id": "7"})
            assert refused.is_error
    assert memory.tokens is not None


@pytest.mark.parametrize("change", ["expired", "another authority", "no grant"])
def test_a_stream_ends_with_the_token_that_opened_it(
    tmp_path: Path, upstream: UpstreamProcess, issuer: AuthorizationServer, change: str
) -> None:
    """Though the grant itself stands."""
    mine = authority(issuer)
    policy = {"version": "1", "default": "allow"}
    bounds, clock = Bounds(look_seconds=0.1), Ahead()
    with gateway(tmp_path, upstream.url, oauth=mine, bounds=bounds, clock=clock) as door:
        door.register(door.servers["crm"], policy)
        token = issuer.token(door.endpoint(), exp=int(clock.now()) + 300)
        with listens(door, token, toolsListChanged=True) as client:
            assert client.next()["method"].endswith("acknowledged")
            if change == "expired":
                clock.seconds = 300
            if change == "another authority":
                elsewhere = replace(mine, issuer=Issuer("https://other.example"))
                door.register(replace(door.servers["crm"], oauth=elsewhere))
            if change == "no grant":
                rules = (Rule("client_id", "somebody else", "g1"),)
                door.register(replace(door.servers["crm"], oauth=replace(mine, rules=rules)))
            assert client.next()["result"]["resultType"] == "complete"
        assert door.call("read_customer", {"id": "1"}).status_code == 200
