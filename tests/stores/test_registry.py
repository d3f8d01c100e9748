"""Servers and artifacts: what operators write and every call reads."""

from dataclasses import replace
from hashlib import sha256

import pytest

from handler.policies.model import Artifact
from handler.stores.base import Store
from tests.stores import samples

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
    await store.registry.publish([], [samples.server(name) for name in ("zoo", "bar", "shop")])
    assert [server.name for server in await store.registry.servers()] == ["bar", "shop", "zoo"]


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
