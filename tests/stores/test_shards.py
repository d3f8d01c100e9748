"""A limit split into shards, planned as the gateway plans it, on every store."""

import asyncio
import random
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from compiler.verdict import Charge, Place, Scope, Window
from handler.limits.debits import Debit
from handler.limits.plan import debits
from handler.limits.shards import Dealer, owned
from handler.stores.base import Store
from handler.stores.ledger import Entered, Full
from tests.stores import samples
from tests.stores.samples import NOW, ONE
from tests.stores.worlds import World

pytestmark = pytest.mark.anyio

STORES, WRITERS = 4, 8
SPLIT = Charge(
    place=Place("/all_tools/limits/pool", 0, 4),
    owner="shared",
    counter="pool",
    window=Window("3600"),
    scope=Scope.SERVER,
    maximum=10 * ONE,
    cost=ONE,
    per=None,
    shards=4,
    message="",
)


@pytest.fixture
async def store(store: Store) -> Store:
    await store.ledger.put_grant(samples.grant())
    return store


def planned(dealer: Dealer) -> Debit:
    """What the next call takes."""
    (debit,) = debits(
        [SPLIT],
        grant_id="g1",
        session=None,
        server="shop",
        now=NOW,
        per_key=b"k" * 16,
        dealer=dealer,
    )
    return debit


def every_shard() -> list[Debit]:
    dealer = Dealer(random.Random(1).randrange)
    return [planned(dealer) for _ in range(SPLIT.shards)]


async def calls_until_all_are_full(store: Store, seed: int) -> list[Debit]:
    """One writer's calls, until it met every shard in a row without room. What it took."""
    dealer, taken, refused = Dealer(random.Random(seed).randrange), list[Debit](), 0
    while refused < 2 * SPLIT.shards:
        debit = planned(dealer)
        entry = await store.ledger.enter(samples.claim(), [debit], NOW)
        assert isinstance(entry, Entered | Full)
        refused = refused + 1 if isinstance(entry, Full) else 0
        taken += [debit] if isinstance(entry, Entered) else []
    return taken


async def test_8_writers_take_all_of_a_split_limit_and_never_more(
    store: Store, world: World, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        others = [await stack.enter_async_context(world(tmp_path)) for _ in range(STORES - 1)]
        stores = [store, *others]
        taken = await asyncio.gather(
            *(calls_until_all_are_full(stores[seed % STORES], seed) for seed in range(WRITERS))
        )
    assert sum(map(len, taken)) * ONE == SPLIT.maximum
    assert sorted(await store.ledger.tallies(every_shard())) == sorted(
        owned(SPLIT.maximum, SPLIT.shards, shard) for shard in range(SPLIT.shards)
    )


async def test_a_full_shard_refuses_while_another_has_room_and_takes_nothing(store: Store) -> None:
    full, other, *_ = every_shard()
    for _ in range(full.maximum // ONE):
        assert isinstance(await store.ledger.enter(samples.claim(), [full], NOW), Entered)
    assert await store.ledger.enter(samples.claim(), [full], NOW) == Full(
        samples.grant(), 0, full.maximum
    )
    assert await store.ledger.tallies([full, other]) == (full.maximum, 0)


async def test_a_refund_goes_to_the_shard_that_was_taken_from(store: Store) -> None:
    shards = every_shard()
    for debit in shards:
        await store.ledger.enter(samples.claim(), [debit], NOW)
    await store.ledger.release([shards[2]], NOW)
    assert await store.ledger.tallies(shards) == (ONE, ONE, 0, ONE)


async def test_a_shard_is_taken_with_the_other_limits_of_a_call_or_not_at_all(
    store: Store,
) -> None:
    shard, own = every_shard()[0], samples.debit(maximum=ONE)
    assert isinstance(await store.ledger.enter(samples.claim(), [shard, own], NOW), Entered)
    assert isinstance(await store.ledger.enter(samples.claim(), [shard, own], NOW), Full)
    assert await store.ledger.tallies([shard, own]) == (ONE, ONE)
