"""A store is brought to what gateway.json says: a plan first, twice is once, rights go first."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compiler.verdict import Scope
from handler.admin import apply, grants
from handler.admin.compiling import policies
from handler.admin.gateway_json import parse
from handler.admin.manifest import Manifest
from handler.failure import CannotRun
from handler.grants.model import GrantStatus
from handler.grants.tokens import claim
from handler.limits.debits import Debit
from handler.stores.base import Store
from handler.stores.ledger import Entered, Unauthenticated
from handler.stores.sqlite import SQLiteStore

ALLOW = {"version": "1", "default": "deny", "tools": {"a": {}}}
HOLD = {
    "version": "1",
    "default": "deny",
    "tools": {"a": {"approve_if": [{"conditions": [], "reason": "Why not?"}]}},
}


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Store]:
    store = SQLiteStore(folder / "store.sqlite")
    try:
        yield store
    finally:
        await store.close()


def manifest(folder: Path, policy: Any = ALLOW, **members: Any) -> Manifest:
    (folder / "p.json").write_text(json.dumps(policy))
    server = {"upstream": "https://mcp.example.com/mcp", "policies": {"p": "p.json"}}
    document = {
        "servers": {"s": server},
        "grants": {"one": {"server": "s", "policy": "p"}, "two": {"server": "s", "policy": "p"}},
        **members,
    }
    return parse(json.dumps(document).encode(), folder)


async def bring(store: Store, wanted: Manifest) -> str:
    plan = await apply.plan(store, wanted, policies(wanted).compiled)
    await apply.carry_out(store, plan, "ada", 0.0)
    return str(plan)


def test_applying_twice_changes_nothing_the_second_time(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as store:
            first = await bring(store, manifest(tmp_path))
            assert first.splitlines() == [
                "create server s: https://mcp.example.com/mcp",
                "create grant one: server s, policy p",
                "create grant two: server s, policy p",
            ]
            assert await bring(store, manifest(tmp_path)) == "nothing to change"

    asyncio.run(scenario())


def test_a_plan_alone_changes_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as store:
            wanted = manifest(tmp_path)
            plan = await apply.plan(store, wanted, policies(wanted).compiled)
            assert plan.steps
            assert await store.registry.servers() == []
            assert await store.ledger.grants() == []

    asyncio.run(scenario())


def test_an_edited_policy_is_stored_before_a_server_names_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as store:
            await bring(store, manifest(tmp_path))
            step = await bring(store, manifest(tmp_path, HOLD))
            server = await store.registry.server("s")
            assert server is not None
            artifact = await store.registry.artifact(server.policies["p"])
            assert artifact is not None
            assert step == f"change server s: policy p is now {artifact.digest[:12]}"

    asyncio.run(scenario())


def test_who_is_asked_by_default_is_part_of_the_revision(tmp_path: Path) -> None:
    nobody = policies(manifest(tmp_path, HOLD))
    someone = policies(manifest(tmp_path, HOLD, approvals={"approvers": ["ops@example.com"]}))
    assert "nobody can approve" in nobody.warnings and someone.warnings == ""
    assert nobody.compiled["s"]["p"].digest != someone.compiled["s"]["p"].digest


def test_what_the_file_no_longer_names_is_gone_at_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as store:
            await bring(store, manifest(tmp_path))
            one = (await apply.current_grants(store.ledger))["one"]
            token = await grants.rotate(store.ledger, one)
            presented = claim(token, "s")
            assert presented is not None
            assert isinstance(await store.ledger.enter(presented, (), 0.0), Entered)
            steps = await bring(store, manifest(tmp_path, grants={}, servers={}))
            assert steps.splitlines() == [
                "revoke grant one: not in the file",
                "revoke grant two: not in the file",
                "remove server s: not in the file",
            ]
            assert isinstance(await store.ledger.enter(presented, (), 0.0), Unauthenticated)
            assert await store.registry.server("s") is None

    asyncio.run(scenario())


def test_a_kill_switch_that_was_pulled_stays_pulled_unless_the_file_says_otherwise(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as store:
            wanted = manifest(tmp_path)
            await bring(store, wanted)
            server = await store.registry.server("s")
            assert server is not None and not server.paused
            await store.registry.publish((), [replace(server, paused=True)])
            one = (await apply.current_grants(store.ledger))["one"]
            await store.ledger.put_grant(replace(one, status=GrantStatus.PAUSED))
            assert await bring(store, wanted) == "nothing to change"
            (entry,) = wanted.servers
            resumed = replace(wanted, servers=(replace(entry, paused=False),))
            assert await bring(store, resumed) == "change server s: paused"

    asyncio.run(scenario())


def test_a_revoked_name_that_returns_is_a_new_grant(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as store:
            await bring(store, manifest(tmp_path))
            before = (await apply.current_grants(store.ledger))["one"]
            await bring(store, manifest(tmp_path, grants={}))
            await bring(store, manifest(tmp_path))
            after = (await apply.current_grants(store.ledger))["one"]
            assert after.id != before.id and after.token_hashes == ()
            revoked = await store.ledger.grant(before.id)
            assert revoked is not None and revoked.status is GrantStatus.REVOKED

    asyncio.run(scenario())


def test_rotation_keeps_tallies_and_the_token_before_and_no_older_one(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as store:
            await bring(store, manifest(tmp_path))
            tokens = []
            for _ in range(3):
                one = (await apply.current_grants(store.ledger))["one"]
                tokens.append(await grants.rotate(store.ledger, one))
            spent = Debit(Scope.GRANT, one.id, "tally", 5_000_000, 10_000_000, 100.0)
            oldest, previous, current = (claim(token, "s") for token in tokens)
            assert oldest and previous and current
            assert isinstance(await store.ledger.enter(oldest, (), 0.0), Unauthenticated)
            assert isinstance(await store.ledger.enter(previous, [spent], 0.0), Entered)
            one = (await apply.current_grants(store.ledger))["one"]
            await grants.rotate(store.ledger, one)
            entered = await store.ledger.enter(current, [spent], 0.0)
            assert isinstance(entered, Entered) and entered.tallies == (10_000_000,)

    asyncio.run(scenario())


def test_every_policy_that_cannot_be_used_is_said_at_once(tmp_path: Path) -> None:
    wanted = manifest(tmp_path, {"version": "2"}, servers={
        "s": {"upstream": "https://a.example/mcp", "policies": {"p": "p.json", "q": "no.json"}}
    })  # fmt: skip
    with pytest.raises(CannotRun) as caught:
        policies(wanted)
    assert "p.json does not compile" in str(caught.value)
    assert "cannot read the policy" in str(caught.value) and "no.json" in str(caught.value)
