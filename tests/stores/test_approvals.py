"""Held calls: one step each, of which one wins."""

from dataclasses import replace

import pytest

from compiler.verdict import Scope
from handler.approvals.lifecycle import Status
from handler.stores.base import Store
from handler.stores.ledger import Full, Held, Joined, TooManyPending
from tests.stores import samples
from tests.stores.samples import NOW, ONE, debit, step

pytestmark = pytest.mark.anyio

GRANT = samples.grant()
CLAIM = samples.claim()
HELD = samples.approval()
MOST = 5


@pytest.fixture
async def store(store: Store) -> Store:
    await store.ledger.put_grant(GRANT)
    return store


async def test_a_held_call_is_stored_as_it_was_and_its_quota_taken(store: Store) -> None:
    assert await store.ledger.hold(CLAIM, HELD, NOW, MOST) == Held(HELD)
    assert await store.ledger.approval("a1") == HELD
    assert await store.ledger.approval_by_call_key(HELD.call_key, NOW) == HELD
    assert await store.ledger.tallies(HELD.debits) == (3 * ONE,)


async def test_what_is_not_there_is_none(store: Store) -> None:
    assert await store.ledger.approval("a1") is None
    assert await store.ledger.approval_by_call_key("nothing", NOW) is None
    assert await store.ledger.unfinished() == []
    assert await store.ledger.approvals(10) == []


async def test_a_hold_without_limits_is_stored(store: Store) -> None:
    free = replace(HELD, debits=())
    assert await store.ledger.hold(CLAIM, free, NOW, MOST) == Held(free)
    assert await store.ledger.approval("a1") == free


async def test_a_hold_takes_limits_of_every_scope(store: Store) -> None:
    debits = (
        debit("k"),
        debit("k", scope=Scope.SERVER, scope_id="shop", maximum=ONE),
        debit("per", keyed=True),
    )
    first = replace(HELD, debits=debits)
    assert await store.ledger.hold(CLAIM, first, NOW, MOST) == Held(first)
    second = replace(samples.approval("a2"), debits=debits)
    assert await store.ledger.hold(CLAIM, second, NOW, MOST) == Full(GRANT, 1, ONE)
    assert await store.ledger.tallies(debits) == (ONE, ONE, ONE)
    assert await store.ledger.approval("a2") is None


async def test_the_same_call_joins_and_takes_nothing(store: Store) -> None:
    await store.ledger.hold(CLAIM, HELD, NOW, MOST)
    again = samples.approval("a2", call_key=HELD.call_key)
    assert await store.ledger.hold(CLAIM, again, NOW + 1, MOST) == Joined(HELD)
    assert await store.ledger.approval("a2") is None
    assert await store.ledger.tallies(HELD.debits) == (3 * ONE,)


async def test_a_full_tally_or_the_cap_keeps_nobody_from_joining(store: Store) -> None:
    greedy = replace(HELD, debits=(debit(cost=10 * ONE),))
    await store.ledger.hold(CLAIM, greedy, NOW, 1)
    again = samples.approval("a2", call_key=HELD.call_key)
    assert await store.ledger.hold(CLAIM, again, NOW, 1) == Joined(greedy)


@pytest.mark.parametrize("status", [Status.APPROVED, Status.EXECUTING])
async def test_an_approval_on_its_way_still_answers_its_call(store: Store, status: Status) -> None:
    await store.ledger.hold(CLAIM, HELD, NOW, MOST)
    after = step(HELD, status)
    assert await store.ledger.advance(HELD, after, refund=False)
    again = samples.approval("a2", call_key=HELD.call_key)
    assert await store.ledger.hold(CLAIM, again, NOW + 9_999, MOST) != Held(again)
    assert await store.ledger.approval_by_call_key(HELD.call_key, NOW + 9_999) == after


async def test_a_finished_approval_answers_repeats_until_its_time_and_then_the_key_is_free(
    store: Store,
) -> None:
    await store.ledger.hold(CLAIM, HELD, NOW, MOST)
    done = step(HELD, Status.REJECTED, answers_until=NOW + 600)
    assert await store.ledger.advance(HELD, done, refund=True)
    again = samples.approval("a2", call_key=HELD.call_key)
    assert await store.ledger.approval_by_call_key(HELD.call_key, NOW + 599) == done
    assert await store.ledger.hold(CLAIM, again, NOW + 599, MOST) == Joined(done)
    assert await store.ledger.approval_by_call_key(HELD.call_key, NOW + 600) is None
    assert await store.ledger.hold(CLAIM, again, NOW + 600, MOST) == Held(again)
    assert await store.ledger.approval_by_call_key(HELD.call_key, NOW + 600) == again


async def test_a_finished_approval_without_repeat_time_answers_nobody(store: Store) -> None:
    await store.ledger.hold(CLAIM, HELD, NOW, MOST)
    await store.ledger.advance(HELD, step(HELD, Status.REJECTED), refund=True)
    assert await store.ledger.approval_by_call_key(HELD.call_key, NOW) is None


async def test_a_hold_without_room_stores_nothing(store: Store) -> None:
    await store.ledger.enter(CLAIM, [debit(cost=8 * ONE)], NOW)
    assert await store.ledger.hold(CLAIM, HELD, NOW, MOST) == Full(GRANT, 0, 8 * ONE)
    assert await store.ledger.approval("a1") is None
    assert await store.ledger.approval_by_call_key(HELD.call_key, NOW) is None


async def test_pending_approvals_of_a_grant_are_capped(store: Store) -> None:
    await store.ledger.put_grant(samples.grant("g2"))
    held = [replace(samples.approval(f"a{number}"), debits=()) for number in range(3)]
    for approval in held[:2]:
        assert await store.ledger.hold(CLAIM, approval, NOW, 2) == Held(approval)
    assert await store.ledger.hold(CLAIM, held[2], NOW, 2) == TooManyPending(2)
    assert await store.ledger.approval("a2") is None
    other = replace(samples.approval("b1", grant_id="g2"), debits=())
    assert await store.ledger.hold(samples.claim("g2"), other, NOW, 2) == Held(other)
    assert await store.ledger.advance(held[0], step(held[0], Status.APPROVED), refund=False)
    assert await store.ledger.hold(CLAIM, held[2], NOW, 2) == Held(held[2])


async def test_the_cap_takes_no_quota(store: Store) -> None:
    assert await store.ledger.hold(CLAIM, HELD, NOW, 0) == TooManyPending(0)
    assert await store.ledger.tallies(HELD.debits) == (0,)


async def test_a_step_replaces_the_version_it_started_from(store: Store) -> None:
    await store.ledger.hold(CLAIM, HELD, NOW, MOST)
    approved = step(HELD, Status.APPROVED, changed_at=NOW + 5, detail="by ops@example.com")
    assert await store.ledger.advance(HELD, approved, refund=False)
    assert await store.ledger.approval("a1") == approved
    assert await store.ledger.tallies(HELD.debits) == (3 * ONE,)


async def test_a_step_from_an_older_version_changes_nothing(store: Store) -> None:
    await store.ledger.hold(CLAIM, HELD, NOW, MOST)
    await store.answers.put_links([samples.link()])
    approved = step(HELD, Status.APPROVED)
    await store.ledger.advance(HELD, approved, refund=False)
    late = step(HELD, Status.REJECTED)
    answer = samples.answer(approved=False)
    assert not await store.ledger.advance(HELD, late, refund=True, answer=answer)
    assert await store.ledger.approval("a1") == approved
    assert await store.ledger.tallies(HELD.debits) == (3 * ONE,)
    assert await store.answers.link("l1") == samples.link()
    assert await store.answers.answers("a1") == []


async def test_a_step_of_an_approval_that_is_not_there_is_false(store: Store) -> None:
    assert not await store.ledger.advance(HELD, step(HELD, Status.APPROVED), refund=True)
    assert await store.ledger.approval("a1") is None


async def test_an_outcome_refunds_in_the_same_step(store: Store) -> None:
    await store.ledger.hold(CLAIM, HELD, NOW, MOST)
    await store.ledger.enter(CLAIM, [debit()], NOW)
    assert await store.ledger.advance(HELD, step(HELD, Status.EXPIRED), refund=True)
    assert await store.ledger.tallies(HELD.debits) == (ONE,)


async def test_a_refund_goes_into_the_window_in_which_the_call_was_asked(store: Store) -> None:
    await store.ledger.hold(CLAIM, HELD, NOW, MOST)
    later = debit("calls.1795176060", cost=2 * ONE, ends_at=NOW + 120)
    await store.ledger.enter(CLAIM, [later], NOW + 61)
    assert await store.ledger.advance(HELD, step(HELD, Status.EXPIRED), refund=True)
    assert await store.ledger.tallies([*HELD.debits, later]) == (0, 2 * ONE)


async def test_an_answer_uses_its_link_in_the_same_step(store: Store) -> None:
    await store.ledger.hold(CLAIM, HELD, NOW, MOST)
    await store.answers.put_links([samples.link()])
    approved = step(HELD, Status.APPROVED)
    assert await store.ledger.advance(HELD, approved, refund=False, answer=samples.answer())
    assert await store.answers.link("l1") == replace(samples.link(), used=True)
    assert await store.answers.answers("a1") == [samples.answer()]


async def test_a_link_answers_once(store: Store) -> None:
    await store.ledger.hold(CLAIM, HELD, NOW, MOST)
    await store.answers.put_links([samples.link()])
    first = step(HELD, Status.PENDING)
    assert await store.ledger.advance(HELD, first, refund=False, answer=samples.answer())
    second = step(first, Status.REJECTED)
    no = samples.answer(approved=False)
    assert not await store.ledger.advance(first, second, refund=True, answer=no)
    assert await store.ledger.approval("a1") == first
    assert await store.ledger.tallies(HELD.debits) == (3 * ONE,)
    assert await store.answers.answers("a1") == [samples.answer()]


async def test_putting_a_used_link_again_does_not_make_it_new(store: Store) -> None:
    await store.ledger.hold(CLAIM, HELD, NOW, MOST)
    await store.answers.put_links([samples.link()])
    first = step(HELD, Status.PENDING)
    await store.ledger.advance(HELD, first, refund=False, answer=samples.answer())
    await store.answers.put_links([samples.link()])
    assert await store.answers.link("l1") == replace(samples.link(), used=True)


async def test_a_link_that_is_unknown_or_anothers_answers_nothing(store: Store) -> None:
    await store.ledger.hold(CLAIM, HELD, NOW, MOST)
    other = replace(samples.approval("a2"), debits=())
    await store.ledger.hold(CLAIM, other, NOW, MOST)
    await store.answers.put_links([samples.link("l2", approval_id="a2")])
    approved = step(HELD, Status.APPROVED)
    for answer in (
        samples.answer("unknown"),
        samples.answer("l2"),
        samples.answer("l2", approval_id="a2"),
    ):
        assert not await store.ledger.advance(HELD, approved, refund=True, answer=answer)
    assert await store.ledger.approval("a1") == HELD
    assert await store.ledger.tallies(HELD.debits) == (3 * ONE,)
    assert await store.answers.link("l2") == samples.link("l2", approval_id="a2")


async def test_answers_are_kept_in_the_order_given(store: Store) -> None:
    await store.ledger.hold(CLAIM, HELD, NOW, MOST)
    await store.answers.put_links([samples.link("l2"), samples.link("l1")])
    now = HELD
    for name in ("l2", "l1"):
        after = step(now, Status.PENDING)
        assert await store.ledger.advance(now, after, refund=False, answer=samples.answer(name))
        now = after
    assert [given.link_hash for given in await store.answers.answers("a1")] == ["l2", "l1"]


async def test_a_link_is_found_by_its_hash_alone(store: Store) -> None:
    await store.answers.put_links([samples.link()])
    assert await store.answers.link("l1") == samples.link()
    assert await store.answers.link("l2") is None


async def test_unfinished_are_listed_oldest_first_and_all_newest_first(store: Store) -> None:
    held = [
        replace(samples.approval(f"a{age}"), created_at=NOW - age, debits=()) for age in (1, 3, 2)
    ]
    for approval in held:
        await store.ledger.hold(CLAIM, approval, NOW, MOST)
    finished = step(held[2], Status.WITHDRAWN)
    await store.ledger.advance(held[2], finished, refund=True)
    running = step(held[1], Status.EXECUTING, lease_until=NOW + 30)
    await store.ledger.advance(held[1], running, refund=False)
    assert await store.ledger.unfinished() == [running, held[0]]
    assert await store.ledger.approvals(10) == [held[0], finished, running]
    assert await store.ledger.approvals(2) == [held[0], finished]


async def test_a_step_must_lead_to_the_next_version(store: Store) -> None:
    await store.ledger.hold(CLAIM, HELD, NOW, MOST)
    for wrong in (replace(HELD, status=Status.APPROVED), samples.approval("a2")):
        with pytest.raises(ValueError, match="next version"):
            await store.ledger.advance(HELD, wrong, refund=False)
