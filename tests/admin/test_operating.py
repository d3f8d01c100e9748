"""Operators' use cases, on every world: nothing that another operator did meanwhile is undone."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compiler.answers.relation import Relation
from handler.admin import apply, grants, policies, servers
from handler.admin.compiling import policies as compiled_policies
from handler.admin.differences import differences
from handler.admin.gateway_json import parse
from handler.admin.manifest import Manifest
from handler.failure import CannotRun
from handler.gateway import definitions
from handler.gateway.server import Server
from handler.grants.model import Grant, GrantStatus
from handler.grants.tokens import claim
from handler.policies.model import Artifact, Revision
from handler.policies.publish import compile_policy
from handler.stores.base import Store
from handler.stores.ledger import Entered, Paused, Unauthenticated

pytestmark = pytest.mark.anyio

NOW = 1_795_176_000.0


def artifact(*tools: str) -> Artifact:
    source = {"version": "1", "default": "deny", "tools": {tool: {} for tool in tools}}
    return compile_policy(json.dumps(source).encode(), "policy.json")


OPEN, CLOSED = artifact("send", "pay"), artifact("send")


@pytest.fixture
async def shop(store: Store) -> Store:
    """A store with the server `shop`, its policy `p` and the grant `agent`."""
    server = Server("shop", "https://shop.example/mcp", policies={"p": OPEN.digest})
    await servers.add(store.registry, server, {"p": OPEN}, "ada", NOW)
    await grants.create(store, replace(grants.new("agent", "shop"), policy="p"))
    return store


async def agent(store: Store) -> Grant:
    return await grants.named(store.ledger, "agent")


async def entering(store: Store, token: str) -> object:
    presented = claim(token, "shop")
    assert presented is not None
    return await store.ledger.enter(presented, (), NOW)


async def test_a_grant_is_made_without_a_token_and_used_with_one(shop: Store) -> None:
    grant = await agent(shop)
    assert grant.token_hashes == ()
    token = await grants.rotate(shop.ledger, grant)
    assert isinstance(await entering(shop, token), Entered)


async def test_rotating_keeps_one_token_before_and_at_once_none(shop: Store) -> None:
    first = await grants.rotate(shop.ledger, await agent(shop))
    second = await grants.rotate(shop.ledger, await agent(shop))
    assert isinstance(await entering(shop, first), Entered)
    third = await grants.rotate(shop.ledger, await agent(shop), at_once=True)
    assert isinstance(await entering(shop, second), Unauthenticated)
    assert isinstance(await entering(shop, third), Entered)


async def test_who_had_not_seen_a_revocation_cannot_undo_it(shop: Store) -> None:
    stale = await agent(shop)
    await grants.revoke(shop.ledger, stale)
    with pytest.raises(CannotRun, match="revoked, which is final"):
        await grants.rotate(shop.ledger, stale)
    with pytest.raises(CannotRun, match="revoked, which is final"):
        await grants.pause(shop.ledger, stale, False)
    kept = await shop.ledger.grant(stale.id)
    assert kept is not None
    assert (kept.status, kept.token_hashes) == (GrantStatus.REVOKED, ())


async def test_a_grant_is_revoked_however_it_changed_meanwhile(shop: Store) -> None:
    stale = await agent(shop)
    token = await grants.rotate(shop.ledger, stale)
    await grants.revoke(shop.ledger, stale)
    assert isinstance(await entering(shop, token), Unauthenticated)


async def test_pausing_keeps_a_token_that_was_made_meanwhile(shop: Store) -> None:
    stale = await agent(shop)
    token = await grants.rotate(shop.ledger, stale)
    await grants.pause(shop.ledger, stale, True)
    assert isinstance(await entering(shop, token), Paused)
    await grants.pause(shop.ledger, stale, False)
    assert isinstance(await entering(shop, token), Entered)


async def test_a_grant_is_found_by_its_name_or_its_id(shop: Store) -> None:
    grant = await agent(shop)
    assert await grants.named(shop.ledger, grant.id) == grant
    with pytest.raises(CannotRun, match=r"no grant `agnet` \(did you mean `agent`\?\)"):
        await grants.named(shop.ledger, "agnet")
    await grants.revoke(shop.ledger, grant)
    with pytest.raises(CannotRun, match="`agent` is revoked, which is final"):
        await grants.named(shop.ledger, "agent")
    assert (await grants.named(shop.ledger, grant.id)).status is GrantStatus.REVOKED


async def test_of_two_grants_of_one_name_neither_is_taken_for_the_other(shop: Store) -> None:
    twin = grants.new("agent", "shop")
    await shop.ledger.put_grant(twin)
    with pytest.raises(CannotRun, match="several grants are called `agent`"):
        await grants.named(shop.ledger, "agent")
    assert await grants.named(shop.ledger, twin.id) == twin


WRONG = {
    "a name of other letters": (grants.new("Agent X", "shop"), "lower-case letters"),
    "a server that is not there": (grants.new("new", "shpo"), "did you mean `shop`"),
    "a policy that is not there": (
        replace(grants.new("new", "shop"), policy="q"),
        "has no policy `q`; it has `p`",
    ),
    "a name that is taken": (grants.new("agent", "shop"), "a grant `agent` already"),
}


@pytest.mark.parametrize(("wanted", "message"), WRONG.values(), ids=WRONG)
async def test_a_grant_that_cannot_be_is_refused(shop: Store, wanted: Grant, message: str) -> None:
    with pytest.raises(CannotRun, match=message):
        await grants.create(shop, wanted)
    assert len(await shop.ledger.grants()) == 1


async def test_a_server_is_added_once_and_removed_when_no_grant_is_for_it(shop: Store) -> None:
    again = Server("shop", "https://other.example/mcp")
    with pytest.raises(CannotRun, match="a server `shop` already"):
        await servers.add(shop.registry, again, {}, "eve", NOW)
    with pytest.raises(CannotRun, match=r"revoke them first \(agent\)"):
        await servers.remove(shop, "shop")
    await grants.revoke(shop.ledger, await agent(shop))
    await servers.remove(shop, "shop")
    with pytest.raises(CannotRun, match="no server `shop`"):
        await servers.named(shop.registry, "shop")


async def test_what_was_known_of_a_removed_server_s_tools_is_not_known_of_its_namesake(
    shop: Store,
) -> None:
    assert await shop.definitions.replace(None, definitions.first("shop", {"pay": "{}"}, NOW))
    await grants.revoke(shop.ledger, await agent(shop))
    await servers.remove(shop, "shop")
    assert await shop.definitions.catalog("shop") is None


async def test_everything_is_paused_however_many_servers_there_are(store: Store) -> None:
    names = [f"s{number:03}" for number in range(102)]
    for start in (0, 51):
        some = [Server(name, "https://a.example/mcp") for name in names[start : start + 51]]
        await store.registry.publish([], some)
    assert await servers.pause_all(store.registry, True) == names
    assert all(server.paused for server in await store.registry.servers())
    assert await servers.pause_all(store.registry, True) == []
    await servers.pause(store.registry, "s000", False)
    assert await servers.pause_all(store.registry, False) == names[1:]


async def test_putting_a_policy_leaves_a_pause_and_tells_the_history(shop: Store) -> None:
    await servers.pause(shop.registry, "shop", True)
    put = await policies.put(shop.registry, "shop", "p", CLOSED, "grace", NOW + 1)
    assert put == policies.Put(OPEN.digest, CLOSED.digest) and put.changed
    server = await servers.named(shop.registry, "shop")
    assert server.paused and server.policies == {"p": CLOSED.digest}
    assert await policies.history(shop.registry, "shop", "p") == [
        Revision("shop", "p", OPEN.digest, NOW, "ada"),
        Revision("shop", "p", CLOSED.digest, NOW + 1, "grace"),
    ]


async def test_putting_what_is_in_force_changes_nothing_and_tells_nothing(shop: Store) -> None:
    put = await policies.put(shop.registry, "shop", "p", OPEN, "grace", NOW + 1)
    assert not put.changed
    assert len(await policies.history(shop.registry, "shop", "p")) == 1


async def test_rolling_back_goes_to_the_one_before_or_to_the_one_named(shop: Store) -> None:
    registry, third = shop.registry, artifact("pay")
    with pytest.raises(CannotRun, match="stood for nothing else before"):
        await policies.rollback(registry, "shop", "p", None, "ada", NOW)
    for number, each in enumerate((CLOSED, third)):
        await policies.put(registry, "shop", "p", each, "ada", NOW + number)
    await policies.rollback(registry, "shop", "p", None, "ada", NOW + 3)
    assert await policies.current(registry, "shop", "p") == CLOSED.digest
    await policies.rollback(registry, "shop", "p", OPEN.digest[:8], "ada", NOW + 4)
    assert await policies.current(registry, "shop", "p") == OPEN.digest
    for start, message in (("ffffffff", "never stood for"), (OPEN.digest[:3], "names no one")):
        with pytest.raises(CannotRun, match=message):
            await policies.rollback(registry, "shop", "p", start, "ada", NOW)
    assert json.loads(await policies.source(registry, CLOSED.digest))["tools"] == {"send": {}}


async def test_a_revision_that_is_not_whole_is_not_put_in_force_again(shop: Store) -> None:
    damaged = "ab" * 32
    told = Revision("shop", "p", damaged, NOW - 1, "ada")
    await shop.registry.publish([Artifact(damaged, b"not an artifact")], [], revisions=[told])
    with pytest.raises(CannotRun, match="cannot be used"):
        await policies.rollback(shop.registry, "shop", "p", damaged[:8], "ada", NOW)
    assert await policies.current(shop.registry, "shop", "p") == OPEN.digest


def manifest(folder: Path, *tools: str, **server: Any) -> Manifest:
    source = {"version": "1", "default": "deny", "tools": {tool: {} for tool in tools}}
    (folder / "p.json").write_text(json.dumps(source))
    entry = {"upstream": "https://shop.example/mcp", "policies": {"p": "p.json"}, **server}
    document = {
        "servers": {"shop": entry},
        "grants": {"agent": {"server": "shop", "policy": "p", "tags": ["prod"]}},
    }
    return parse(json.dumps(document).encode(), folder)


async def planned(store: Store, wanted: Manifest) -> apply.Plan:
    return await apply.plan(store, wanted, compiled_policies(wanted).compiled)


async def test_a_plan_that_was_overtaken_undoes_no_pause(shop: Store, tmp_path: Path) -> None:
    plan = await planned(shop, manifest(tmp_path, "send", allow=["logging"], paused=False))
    await servers.pause(shop.registry, "shop", True)
    other = await planned(shop, manifest(tmp_path, "send", "other", allow=["logging"]))
    await policies.put(shop.registry, "shop", "p", CLOSED, "grace", NOW)
    with pytest.raises(apply.Overtaken):
        await apply.carry_out(shop, other, "ada", NOW)
    with pytest.raises(apply.Overtaken):
        await apply.carry_out(shop, plan, "ada", NOW)
    server = await servers.named(shop.registry, "shop")
    assert server.paused and server.policies == {"p": CLOSED.digest} and server.allow == ()


async def test_a_plan_that_was_overtaken_revives_no_grant(shop: Store, tmp_path: Path) -> None:
    plan = await planned(shop, manifest(tmp_path, "send", "pay"))
    grant = await agent(shop)
    await grants.revoke(shop.ledger, grant)
    with pytest.raises(apply.Overtaken):
        await apply.carry_out(shop, plan, "ada", NOW)
    kept = await shop.ledger.grant(grant.id)
    assert kept is not None and kept.status is GrantStatus.REVOKED


async def test_applying_tells_the_history_what_is_left_and_how_a_text_differs(
    shop: Store, tmp_path: Path
) -> None:
    plan = await planned(shop, manifest(tmp_path, "send"))
    assert plan.left == () and [str(step.change) for step in plan.steps] == ["change", "change"]
    (one,) = await differences(shop.registry, plan, ())
    assert one.answers is not None and one.answers.relation is Relation.NARROWER
    assert any(line.startswith("-") and '"pay"' in line for line in one.lines)
    await apply.carry_out(shop, plan, "grace", NOW + 5)
    (_, told) = await policies.history(shop.registry, "shop", "p")
    assert (told.by, told.at, told.digest) == ("grace", NOW + 5, plan.servers[0].policies["p"])
    again = await planned(shop, manifest(tmp_path, "send"))
    assert again.steps == () and again.left == ("server shop", "grant agent")
