"""Exact limits: taking, refusing and giving back."""

from dataclasses import replace

import pytest

from compiler.values import micro_units
from compiler.verdict import Scope
from handler.limits.debits import Debit
from handler.stores.base import Store
from handler.stores.ledger import Entered, Entry, Full
from tests.stores import samples
from tests.stores.samples import NOW, ONE, debit

pytestmark = pytest.mark.anyio

GRANT = samples.grant()
DAY = 86_400


@pytest.fixture
async def store(store: Store) -> Store:
    await store.ledger.put_grant(GRANT)
    return store


async def enter(store: Store, *debits: Debit, now: float = NOW) -> Entry:
    return await store.ledger.enter(samples.claim(), debits, now)


async def test_calls_enter_up_to_the_maximum_and_not_beyond(store: Store) -> None:
    call = debit(maximum=3 * ONE)
    for taken in (1, 2, 3):
        assert await enter(store, call) == Entered(GRANT, (call,), (taken * ONE,))
    assert await enter(store, call) == Full(GRANT, 0, 3 * ONE)
    assert await store.ledger.tallies([call]) == (3 * ONE,)


async def test_without_debits_nothing_is_taken(store: Store) -> None:
    assert await enter(store) == Entered(GRANT, (), ())


async def test_a_tenth_ten_times_is_one(store: Store) -> None:
    tenth = micro_units(0.1)
    assert tenth is not None
    for _ in range(10):
        assert isinstance(await enter(store, debit(cost=tenth, maximum=ONE)), Entered)
    assert await enter(store, debit(cost=1, maximum=ONE)) == Full(GRANT, 0, ONE)


async def test_the_largest_amounts_stay_exact(store: Store) -> None:
    most = 10**18 - 1
    assert isinstance(await enter(store, debit(cost=most - 1, maximum=most)), Entered)
    assert await enter(store, debit(cost=2, maximum=most)) == Full(GRANT, 0, most - 1)
    entry = await enter(store, debit(cost=1, maximum=most))
    assert isinstance(entry, Entered)
    assert entry.tallies == (most,)


async def test_a_cost_above_the_maximum_never_fits(store: Store) -> None:
    assert await enter(store, debit(cost=11 * ONE)) == Full(GRANT, 0, 0)


async def test_a_cost_of_zero_fits_a_full_tally(store: Store) -> None:
    await enter(store, debit(cost=10 * ONE))
    assert isinstance(await enter(store, debit(cost=0)), Entered)


async def test_a_lowered_maximum_holds_for_what_was_counted_before(store: Store) -> None:
    await enter(store, debit(cost=5 * ONE))
    assert await enter(store, debit(cost=0, maximum=4 * ONE)) == Full(GRANT, 0, 5 * ONE)
    assert isinstance(await enter(store, debit(maximum=6 * ONE)), Entered)


async def test_all_limits_are_taken_or_none(store: Store) -> None:
    wide, narrow = debit("wide"), debit("narrow", maximum=ONE)
    both = await enter(store, wide, narrow)
    assert both == Entered(GRANT, (wide, narrow), (ONE, ONE))
    assert await enter(store, wide, narrow) == Full(GRANT, 1, ONE)
    assert await enter(store, narrow, wide) == Full(GRANT, 0, ONE)
    assert await store.ledger.tallies([wide, narrow]) == (ONE, ONE)


async def test_limits_of_every_scope_are_taken_together_or_not_at_all(store: Store) -> None:
    scopes = [
        debit("k", maximum=2 * ONE),
        debit("k", scope=Scope.SESSION, scope_id="g1.s"),
        debit("k", scope=Scope.SERVER, scope_id="shop", maximum=ONE),
        debit("k", scope=Scope.ALL, scope_id="all"),
        debit("per", keyed=True),
    ]
    entry = await enter(store, *scopes)
    assert isinstance(entry, Entered)
    assert entry.tallies == (ONE,) * 5
    assert await enter(store, *scopes) == Full(GRANT, 2, ONE)
    assert await store.ledger.tallies(scopes) == (ONE,) * 5


async def test_thirty_two_limits_fit_into_one_call(store: Store) -> None:
    many = [debit(f"limit-{number:02}", maximum=2 * ONE) for number in range(32)]
    for taken in (1, 2):
        entry = await enter(store, *many)
        assert isinstance(entry, Entered)
        assert entry.tallies == (taken * ONE,) * 32
    assert await enter(store, *many) == Full(GRANT, 0, 2 * ONE)


async def test_debits_of_one_tally_add_up(store: Store) -> None:
    entry = await enter(store, debit(cost=4 * ONE), debit(cost=3 * ONE))
    assert isinstance(entry, Entered)
    assert entry.tallies == (7 * ONE, 7 * ONE)
    assert isinstance(await enter(store, debit(cost=2 * ONE), debit(cost=2 * ONE)), Full)
    assert await store.ledger.tallies([debit()]) == (7 * ONE,)


async def test_tallies_differ_by_scope_owner_and_key(store: Store) -> None:
    await enter(store, debit("k", scope=Scope.SERVER, scope_id="all"))
    others = [
        debit("k", scope=Scope.ALL, scope_id="all"),
        debit("k", scope=Scope.SERVER, scope_id="bank"),
        debit("other", scope=Scope.SERVER, scope_id="all"),
    ]
    assert await store.ledger.tallies(others) == (0, 0, 0)


async def test_grants_of_one_server_share_its_tally_and_keep_their_own(store: Store) -> None:
    await store.ledger.put_grant(samples.grant("g2"))
    shared = debit("k", scope=Scope.SERVER, scope_id="shop", maximum=2 * ONE)
    own = debit("k")
    await enter(store, shared, own)
    second = await store.ledger.enter(
        samples.claim("g2"), [shared, replace(own, scope_id="g2")], NOW
    )
    assert isinstance(second, Entered)
    assert second.tallies == (2 * ONE, ONE)
    assert isinstance(await enter(store, shared), Full)


async def test_the_next_window_starts_at_zero_and_the_last_is_not_reset(store: Store) -> None:
    before = debit("k.1", maximum=ONE, ends_at=NOW)
    after = debit("k.2", maximum=ONE, ends_at=NOW + 60)
    assert isinstance(await enter(store, before, now=NOW - 0.001), Entered)
    assert isinstance(await enter(store, after, now=NOW), Entered)
    assert isinstance(await enter(store, before, now=NOW - 0.001), Full)
    assert isinstance(await enter(store, after, now=NOW), Full)


async def test_a_clock_that_is_late_by_an_hour_finds_what_was_counted(store: Store) -> None:
    old = debit("k.1", maximum=ONE, ends_at=NOW)
    await enter(store, old, now=NOW - 1)
    for minute in range(3):
        await enter(store, debit(f"k.later.{minute}"), now=NOW + DAY - 60 + minute)
    assert await enter(store, old, now=NOW - 1) == Full(GRANT, 0, ONE)


async def test_a_refund_gives_back_exactly_what_was_taken(store: Store) -> None:
    debits = [debit("a", cost=4 * ONE), debit("b", scope=Scope.ALL, scope_id="all")]
    await enter(store, *debits)
    await enter(store, *debits)
    await store.ledger.release(debits, NOW)
    assert await store.ledger.tallies(debits) == (4 * ONE, ONE)


async def test_a_refund_goes_only_into_the_window_it_came_from(store: Store) -> None:
    before, after = debit("k.1", ends_at=NOW), debit("k.2", ends_at=NOW + 60)
    await enter(store, before, now=NOW - 1)
    await enter(store, after)
    await store.ledger.release([before], NOW + 1)
    assert await store.ledger.tallies([before, after]) == (0, ONE)


async def test_a_refund_makes_no_tally_and_no_room_beyond_the_maximum(store: Store) -> None:
    await store.ledger.release([debit("unseen")], NOW)
    assert await store.ledger.tallies([debit("unseen")]) == (0,)
    await enter(store, debit("a"))
    await store.ledger.release([debit("a")], NOW)
    await store.ledger.release([debit("a")], NOW)
    assert isinstance(await enter(store, debit("a", cost=10 * ONE)), Entered)
    assert isinstance(await enter(store, debit("a", cost=1)), Full)


async def test_a_revoked_grant_still_gets_its_refund(store: Store) -> None:
    shared = debit("k", scope=Scope.SERVER, scope_id="shop")
    own = debit("k")
    await enter(store, shared, own)
    await store.ledger.put_grant(replace(GRANT, token_hashes=()))
    await store.ledger.release([shared, own], NOW)
    assert await store.ledger.tallies([shared, own]) == (0, 0)


async def test_old_tallies_are_cleaned_only_a_day_after_their_window(store: Store) -> None:
    old = debit("old", ends_at=NOW)
    await enter(store, old, now=NOW - 1)
    await enter(store, debit("new"), now=NOW + DAY - 1)
    await enter(store, debit("new"), now=NOW + DAY - 1)
    assert await store.ledger.tallies([old]) == (ONE,)
