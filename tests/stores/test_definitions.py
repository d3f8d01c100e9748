"""What is known of servers' tools: replaced only as it was read, and kept."""

import asyncio
from dataclasses import replace

import pytest

from handler.gateway import definitions
from handler.gateway.definitions import Catalog
from handler.stores.base import Store
from tests.stores.samples import NOW

pytestmark = pytest.mark.anyio

SEEN = {"pay": '{"name":"pay","description":"\\u2028 é 😀"}', "list": '{"name":"list"}'}
FIRST = definitions.first("shop", SEEN, NOW)


async def test_a_catalog_is_read_back_as_it_was_put(store: Store) -> None:
    assert await store.definitions.catalog("shop") is None
    assert await store.definitions.replace(None, FIRST)
    assert await store.definitions.catalog("shop") == FIRST
    assert await store.definitions.catalog("other") is None


async def test_only_what_stands_as_it_was_read_is_replaced(store: Store) -> None:
    after = definitions.noted(FIRST, {"pay": "{}"}, whole=True, now=NOW + 1)
    assert not await store.definitions.replace(FIRST, after)
    assert await store.definitions.replace(None, FIRST)
    assert not await store.definitions.replace(None, replace(FIRST, pins=()))
    assert await store.definitions.replace(FIRST, after)
    assert not await store.definitions.replace(FIRST, replace(after, pins=()))
    assert await store.definitions.catalog("shop") == after


async def test_of_many_who_replace_the_same_one_wins(store: Store) -> None:
    await store.definitions.replace(None, FIRST)
    wanted = [
        definitions.noted(FIRST, {"pay": str(number)}, whole=True, now=NOW) for number in range(8)
    ]
    done = await asyncio.gather(*(store.definitions.replace(FIRST, each) for each in wanted))
    assert sum(done) == 1
    assert await store.definitions.catalog("shop") == wanted[done.index(True)]


async def test_a_forgotten_server_is_new_again(store: Store) -> None:
    await store.definitions.replace(None, FIRST)
    await store.definitions.forget("shop")
    await store.definitions.forget("shop")
    assert await store.definitions.catalog("shop") is None
    assert await store.definitions.replace(None, FIRST)


async def test_hundreds_of_large_definitions_fit(store: Store) -> None:
    seen = {f"tool-{number}": '{"description":"' + "words of it " * 300 for number in range(200)}
    many: Catalog = definitions.first("shop", seen, NOW)
    assert await store.definitions.replace(None, many)
    assert await store.definitions.catalog("shop") == many
