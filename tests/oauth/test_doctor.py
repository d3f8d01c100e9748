"""What the doctor says of the authorities that a gateway's servers name."""

import asyncio
from dataclasses import replace

import aiohttp
import pytest

from handler.admin import authorities
from handler.admin.findings import Finding, State
from handler.entry.examination import HttpDoor, usable_keys
from handler.oauth.model import Authority, Issuer
from tests.gateway.world import POLICY, Gateway, UpstreamProcess
from tests.oauth.authority import AuthorizationServer
from tests.oauth.conftest import OWN, embedded


def examined(door: Gateway, gateway_url: str | None = None) -> list[Finding]:
    url = f"{door.url}/mcp"

    async def ask() -> list[Finding]:
        async with aiohttp.ClientSession() as session:
            servers = await door.store.registry.servers()
            front = HttpDoor(session, url)
            return await authorities.examine(servers, front, usable_keys, gateway_url or url)

    return asyncio.run(ask())


def named(door: Gateway, oauth: Authority | None) -> None:
    door.register(replace(door.servers["crm"], policies={}, oauth=oauth), POLICY)


def test_all_is_fine_where_keys_are_there_and_the_audience_is_the_gateway_s(
    door: Gateway, issuer: AuthorizationServer, upstream: UpstreamProcess
) -> None:
    found = examined(door)
    assert [finding.state for finding in found] == [State.FINE, State.FINE]
    assert found[0].told == f"{issuer.issuer} has 2 keys that can be used"
    assert door.endpoint() in found[1].told and "forged" in found[1].told
    assert upstream.calls == []


EMBEDDED = pytest.mark.parametrize("opening", [embedded], ids=["embedded"])


@EMBEDDED
def test_where_no_server_names_an_authority_there_is_nothing_to_say(door: Gateway) -> None:
    named(door, None)
    assert examined(door) == []


def test_an_issuer_without_keys_is_told_from_both_places(
    door: Gateway, issuer: AuthorizationServer
) -> None:
    issuer.broken = True
    keys, tokens = examined(door)
    assert (keys.state, tokens.state) == (State.WRONG, State.WRONG)
    assert "answered 500" in keys.told and "letter for letter" in keys.mend
    assert "cannot have the issuer's keys" in tokens.told


@EMBEDDED
def test_an_issuer_that_signs_otherwise_is_told_how_to_sign(
    door: Gateway, issuer: AuthorizationServer
) -> None:
    issuer.keys = []
    assert "RS256" in examined(door)[0].mend


@EMBEDDED
@pytest.mark.parametrize("suffix", ["/", "/tenant"])
def test_an_issuer_named_otherwise_than_its_metadata_is_wrong(
    door: Gateway, issuer: AuthorizationServer, suffix: str
) -> None:
    named(door, Authority(Issuer(issuer.issuer + suffix, private_network=True), (OWN,)))
    keys, _ = examined(door)
    assert keys.state is State.WRONG and "letter for letter" in keys.mend


@EMBEDDED
def test_an_audience_that_is_not_where_clients_are_is_told(door: Gateway) -> None:
    _, tokens = examined(door, "https://gateway.example.com/mcp")
    assert tokens.state is State.WRONG and "PublicUrl" in tokens.mend
    assert door.endpoint() in tokens.told


@EMBEDDED
def test_a_gateway_that_lets_a_forged_token_in_is_the_worst_finding(
    door: Gateway, issuer: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing lets one in, so a good token stands in for the forged one."""
    good = issuer.token(door.endpoint())
    monkeypatch.setattr(authorities, "forged", lambda _: good)
    (_, tokens) = examined(door)
    assert tokens.state is State.WRONG and "must never happen" in tokens.mend
