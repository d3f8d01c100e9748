"""Servers and artifacts: what operators write and every call reads."""

import asyncio
from dataclasses import replace
from hashlib import sha256

import pytest

from handler.oauth.model import Authority, Issuer, Rule
from handler.policies.model import Artifact, Revision
from handler.stores.base import Store
from tests.stores import samples
from tests.stores.samples import NOW

pytestmark = pytest.mark.anyio


def artifact(data: bytes) -> Artifact:
    return Artifact(sha256(data).hexdigest(), data)


async def test_a_server_is_read_back_as_it_was_published(store: Store) -> None:
    await store.registry.publish([], [samples.server()])
    assert await store.registry.server("shop") == samples.server()


async def test_what_is_not_there_is_none(store: Store) -> None:
    assert await store.registry.server("shop") is None
    assert await store.registry.artifact("00" * 32) is None
    assert await store.registry.servers() == []


async def test_publishing_again_replaces_a_server(store: Store) -> None:
    await store.registry.publish([], [samples.server()])
    paused = replace(samples.server(), paused=True, headers={})
    await store.registry.publish([], [paused])
    assert await store.registry.server("shop") == paused


async def test_servers_are_listed_by_name(store: Store) -> None:
    assert await store.registry.names() == []
    await store.registry.publish([], [samples.server(name) for name in ("zoo", "bar", "shop")])
    assert [server.name for server in await store.registry.servers()] == ["bar", "shop", "zoo"]
    assert await store.registry.names() == ["bar", "shop", "zoo"]


async def test_an_authority_comes_changes_and_goes_as_it_was_seen(store: Store) -> None:
    plain = samples.server()
    issuer = Issuer("https://login.example", "https://login.example/keys", private_network=True)
    one = replace(plain, oauth=Authority(issuer, (Rule("sub", "agent", "g1"),)))
    more = (Rule("sub", "agent", "g1"), Rule("scope", "pay", "g2"))
    two = replace(plain, oauth=Authority(Issuer("https://login.example"), more))
    await store.registry.publish([], [plain])
    for before, after in ((plain, one), (one, two), (two, plain)):
        assert await store.registry.publish([], [after], seen=[before])
        assert await store.registry.server("shop") == after
        late = replace(before, oauth=Authority(issuer, ()))
        assert not await store.registry.publish([], [late], seen=[before])
    assert await store.registry.server("shop") == plain


async def test_a_removed_server_is_gone_and_removing_it_again_is_no_error(store: Store) -> None:
    kept = artifact(b"policy")
    await store.registry.publish([kept], [samples.server()])
    await store.registry.remove_server("shop")
    await store.registry.remove_server("shop")
    assert await store.registry.server("shop") is None
    assert await store.registry.servers() == []
    assert await store.registry.artifact(kept.digest) == kept


async def test_an_artifact_is_found_by_its_digest_and_never_changes(store: Store) -> None:
    first, second = artifact(b"\x00one" * 100_000), artifact(b"two")
    await store.registry.publish([first, second], [])
    await store.registry.publish([Artifact(first.digest, b"other")], [samples.server()])
    assert await store.registry.artifact(first.digest) == first
    assert await store.registry.artifact(second.digest) == second


async def test_what_another_changed_since_it_was_seen_is_not_replaced(store: Store) -> None:
    seen = samples.server()
    await store.registry.publish([], [seen])
    moved = replace(seen, policies={"default": "cd" * 32})
    assert await store.registry.publish([], [moved], seen=[seen])
    late = replace(seen, policies={"default": "ef" * 32})
    note = Revision("shop", "default", "ef" * 32, NOW, "late")
    assert not await store.registry.publish([], [late], seen=[seen], revisions=[note])
    assert await store.registry.server("shop") == moved
    assert await store.registry.history("shop", "default") == []


async def test_a_pause_is_never_undone_by_who_had_not_seen_it(store: Store) -> None:
    seen = samples.server()
    await store.registry.publish([], [seen])
    await store.registry.publish([], [replace(seen, paused=True)], seen=[seen])
    await store.registry.publish([], [replace(seen, policies={})], seen=[seen])
    found = await store.registry.server("shop")
    assert found is not None and found.paused


async def test_of_several_servers_none_is_replaced_where_one_was_changed(store: Store) -> None:
    first, second = samples.server("first"), samples.server("second")
    await store.registry.publish([], [first, second])
    await store.registry.publish([], [replace(second, paused=True)])
    both = [replace(first, allow=()), replace(second, paused=True, allow=())]
    seen_wrong = [first, replace(second, allow=("logging",))]
    assert not await store.registry.publish([], both, seen=seen_wrong)
    assert await store.registry.server("first") == first


async def test_a_server_that_was_not_there_is_made_only_once(store: Store) -> None:
    mine, other = samples.server(), replace(samples.server(), upstream="https://other.example/mcp")
    assert await store.registry.publish([], [mine], seen=[])
    assert not await store.registry.publish([], [other], seen=[])
    await store.registry.remove_server("shop")
    assert not await store.registry.publish([], [replace(mine, allow=())], seen=[mine])
    assert await store.registry.servers() == []


async def test_a_policys_history_is_what_its_name_stood_for_in_order(store: Store) -> None:
    told = [
        Revision("shop", "default", "ab" * 32, NOW, "ada"),
        Revision("shop", "default", "cd" * 32, NOW + 0.25, "ada (rollback)"),
        Revision("shop", "default", None, NOW + 2, "grace"),
    ]
    elsewhere = Revision("shop", "other", "ab" * 32, NOW, "ada")
    await store.registry.publish([], [samples.server()], revisions=[told[0], elsewhere])
    await store.registry.publish([], [], revisions=told[1:])
    assert await store.registry.history("shop", "default") == told
    assert await store.registry.history("shop", "other") == [elsewhere]
    assert await store.registry.history("shop", "never") == []
    await store.registry.remove_server("shop")
    assert await store.registry.history("shop", "default") == told


async def test_revisions_that_are_told_at_once_are_all_kept(store: Store) -> None:
    told = [Revision("shop", "default", f"{n:02x}" * 32, NOW, str(n)) for n in range(8)]
    await asyncio.gather(*(store.registry.publish([], [], revisions=[one]) for one in told))
    kept = await store.registry.history("shop", "default")
    assert sorted(kept, key=lambda one: one.by) == told
