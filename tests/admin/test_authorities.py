"""The `oauth` of a gateway.json, applied to every world."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handler.admin import apply, grants
from handler.admin.authorities import misled
from handler.admin.compiling import policies
from handler.admin.gateway_json import parse
from handler.admin.manifest import Manifest
from handler.gateway.server import Server
from handler.oauth.model import Authority, Issuer, Rule
from handler.stores.base import Store, TooMuch
from tests.emulated.world import needs_emulator

pytestmark = pytest.mark.anyio

POLICY = {"version": "1", "default": "deny", "tools": {"send": {}}}
ISSUER = "https://login.example"


def manifest(folder: Path, *rules: tuple[str, str], **oauth: Any) -> Manifest:
    """Two servers with a grant each; these values of `client_id` stand for these grants."""
    (folder / "p.json").write_text(json.dumps(POLICY))
    server = {"upstream": "https://mcp.example/mcp", "policies": {"p": "p.json"}}
    listed = [{"claim": "client_id", "value": value, "grant": label} for value, label in rules]
    document: dict[str, Any] = {
        "servers": {"shop": server, "bank": server},
        "grants": {
            "seller": {"server": "shop", "policy": "p"},
            "teller": {"server": "bank", "policy": "p"},
        },
    }
    if rules:
        document["oauth"] = {"issuer": ISSUER, "grants": listed, **oauth}
    return parse(json.dumps(document).encode(), folder)


async def bring(store: Store, wanted: Manifest) -> list[str]:
    plan = await apply.plan(store, wanted, policies(wanted).compiled)
    await apply.carry_out(store, plan, "ada", 0.0)
    return [str(step) for step in plan.steps]


async def server(store: Store, name: str) -> Server:
    found = await store.registry.server(name)
    assert found is not None
    return found


async def test_each_server_is_registered_with_the_rules_for_its_own_grants(
    store: Store, tmp_path: Path
) -> None:
    await bring(store, manifest(tmp_path, ("a", "seller"), ("b", "seller")))
    seller = await grants.named(store.ledger, "seller")
    rules = (Rule("client_id", "a", seller.id), Rule("client_id", "b", seller.id))
    assert (await server(store, "shop")).oauth == Authority(Issuer(ISSUER), rules)
    assert (await server(store, "bank")).oauth is None


async def test_applying_twice_changes_nothing_and_each_edit_changes_its_servers(
    store: Store, tmp_path: Path
) -> None:
    await bring(store, manifest(tmp_path, ("a", "seller")))
    assert await bring(store, manifest(tmp_path, ("a", "seller"))) == []
    moved = await bring(store, manifest(tmp_path, ("a", "teller")))
    assert moved == ["change server shop: oauth", "change server bank: oauth"]
    assert (await server(store, "shop")).oauth is None
    keyed = await bring(store, manifest(tmp_path, ("a", "teller"), jwks=f"{ISSUER}/keys"))
    assert keyed == ["change server bank: oauth"]
    assert await bring(store, manifest(tmp_path)) == ["change server bank: oauth"]
    assert (await server(store, "bank")).oauth is None


async def test_a_name_that_is_a_new_grant_is_the_one_that_tokens_stand_for(
    store: Store, tmp_path: Path
) -> None:
    wanted = manifest(tmp_path, ("a", "seller"))
    await bring(store, wanted)
    await grants.revoke(store.ledger, await grants.named(store.ledger, "seller"))
    assert len(await bring(store, wanted)) == 2
    oauth = (await server(store, "shop")).oauth
    assert oauth is not None
    assert oauth.rules[0].grant_id == (await grants.named(store.ledger, "seller")).id


@pytest.mark.parametrize(
    "world_name", [pytest.param("dynamodb", marks=needs_emulator)], indirect=True
)
async def test_rules_beyond_what_a_call_may_read_are_refused_and_change_nothing(
    store: Store, tmp_path: Path
) -> None:
    many = manifest(tmp_path, *((f"agent-{number}", "seller") for number in range(100)))
    with pytest.raises(TooMuch, match="OAuth grants"):
        await bring(store, many)
    assert await store.registry.servers() == []


async def test_an_address_that_tokens_are_not_for_is_told(tmp_path: Path) -> None:
    plain = manifest(tmp_path, ("a", "seller"))
    named = replace(plain, public_url="https://gateway.example")
    told = misled(named, "https://api.example/mcp")
    assert told is not None and "https://api.example/mcp/NAME" in told and "PublicUrl" in told
    assert misled(named, "https://gateway.example/mcp") is None
    assert misled(named, None) is None and misled(plain, "https://api.example/mcp") is None
    assert misled(replace(named, oauth=None), "https://api.example/mcp") is None
