"""What a gateway.json ends when it is applied: what files made, and nothing made by hand."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handler.admin import apply, grants, servers
from handler.admin.compiling import policies
from handler.admin.gateway_json import parse
from handler.admin.manifest import Manifest
from handler.gateway import definitions
from handler.gateway.server import Server
from handler.grants.model import GrantStatus
from handler.stores.base import Store

pytestmark = pytest.mark.anyio

POLICY = {"version": "1", "default": "deny", "tools": {"send": {}}}


def manifest(folder: Path, **named: str) -> Manifest:
    """A file with these grants, and their servers."""
    (folder / "p.json").write_text(json.dumps(POLICY))
    server = {"upstream": "https://shop.example/mcp", "policies": {"p": "p.json"}}
    document: dict[str, Any] = {
        "servers": {name: server for name in ("shop", *named.values())},
        "grants": {label: {"server": name, "policy": "p"} for label, name in named.items()},
    }
    return parse(json.dumps(document).encode(), folder)


async def brought(store: Store, wanted: Manifest) -> apply.Plan:
    plan = await apply.plan(store, wanted, policies(wanted).compiled)
    await apply.carry_out(store, plan, "ada", 0.0)
    return plan


async def test_a_grant_made_by_hand_outlives_a_file_that_does_not_name_it(
    store: Store, tmp_path: Path
) -> None:
    await brought(store, manifest(tmp_path, agent="shop"))
    trial = await grants.create(store, replace(grants.new("trial", "shop"), policy="p"))
    await grants.rotate(store.ledger, trial)
    for wanted in (manifest(tmp_path, agent="shop"), manifest(tmp_path, other="shop")):
        plan = await brought(store, wanted)
        assert plan.by_hand == ("grant trial",)
    assert str(plan).splitlines() == [
        "create grant other: server shop, policy p",
        "revoke grant agent: not in the file",
    ]
    assert (await grants.named(store.ledger, "trial")).status is GrantStatus.ACTIVE


async def test_what_a_file_names_becomes_the_file_s_and_ends_with_it(
    store: Store, tmp_path: Path
) -> None:
    await brought(store, manifest(tmp_path))
    made = await grants.create(store, replace(grants.new("agent", "shop"), policy="p"))
    plan = await brought(store, manifest(tmp_path, agent="shop"))
    told = "change grant agent: server shop, policy p, made by hand, the file's from now on"
    assert str(plan) == told and plan.by_hand == ()
    assert (await grants.named(store.ledger, "agent")).id == made.id
    assert str(await brought(store, manifest(tmp_path))) == "revoke grant agent: not in the file"


async def test_a_server_added_by_hand_stays_with_its_grants(store: Store, tmp_path: Path) -> None:
    await servers.add(store.registry, Server("own", "https://own.example/mcp"), {}, "ada", 0.0)
    await grants.create(store, grants.new("mine", "own"))
    plan = await brought(store, manifest(tmp_path))
    assert plan.by_hand == ("server own", "grant mine") and plan.removed == ()
    adopting = await apply.plan(store, manifest(tmp_path, agent="own"), {
        name: policies(manifest(tmp_path, agent="own")).compiled[name] for name in ("own", "shop")
    })  # fmt: skip
    assert any("made by hand, the file's from now on" in str(step) for step in adopting.steps)
    assert adopting.by_hand == ("grant mine",)


async def test_a_grant_made_by_hand_ends_with_the_server_it_is_for(
    store: Store, tmp_path: Path
) -> None:
    """Else it would come back to life with the next server of that name."""
    await brought(store, manifest(tmp_path, agent="other"))
    await grants.create(store, replace(grants.new("trial", "other"), policy="p"))
    assert await store.definitions.replace(None, definitions.first("other", {"pay": "{}"}, 0.0))
    plan = await brought(store, manifest(tmp_path, agent="shop"))
    assert [str(step) for step in plan.steps[-2:]] == [
        "revoke grant trial: its server is not in the file",
        "remove server other: not in the file",
    ]
    assert await grants.listed(store.ledger) == [await grants.named(store.ledger, "agent")]
    assert await store.definitions.catalog("other") is None


async def test_of_two_grants_of_one_name_only_the_file_s_own_goes_on(
    store: Store, tmp_path: Path
) -> None:
    """Two operators can make them at once; a token of the other would prove what nobody sees."""
    await brought(store, manifest(tmp_path))
    for _ in range(2):
        await store.ledger.put_grant(replace(grants.new("agent", "shop"), policy="p"))
    plan = await brought(store, manifest(tmp_path, agent="shop"))
    assert "revoke grant agent: another grant of this name is the file's" in str(plan).splitlines()
    found = [grant for grant in await store.ledger.grants() if grant.label == "agent"]
    assert sorted(grant.status for grant in found) == [GrantStatus.ACTIVE, GrantStatus.REVOKED]
