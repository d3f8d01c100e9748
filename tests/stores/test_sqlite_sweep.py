"""What the SQLite store forgets, and when: nothing that somebody can still ask for."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from handler.approvals.lifecycle import OPEN, Event, Status, Terms, step
from handler.approvals.model import Approval
from handler.stores.ledger import Entered, Held, Joined
from handler.stores.sqlite import SQLiteStore
from tests.stores import samples
from tests.stores.samples import NOW, debit

pytestmark = pytest.mark.anyio

CLAIM = samples.claim()
DAY = 86_400.0
KEPT = 90 * DAY
TERMS = Terms()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "holdpoint.db"


@pytest.fixture
async def store(path: Path, anyio_backend: str) -> AsyncIterator[SQLiteStore]:
    store = SQLiteStore(path)
    await store.ledger.put_grant(replace(samples.grant(), expires_at=None))
    yield store
    await store.close()


def rows(path: Path, *tables: str) -> tuple[int, ...]:
    with closing(sqlite3.connect(path)) as db:
        counted = (db.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables)
        return tuple(int(number) for (number,) in counted)


async def clean(store: SQLiteStore, now: float, kept: float | None = KEPT) -> int:
    """Sweep until nothing is left to do. How many steps that took."""
    steps = 1
    while await store.sweep(now, kept):
        steps += 1
    return steps


async def answered(store: SQLiteStore, name: str, at: float = NOW) -> Approval:
    """An approval that was mailed, answered, run, and has its payloads."""
    asked = replace(samples.approval(name), created_at=at)
    assert isinstance(await store.ledger.hold(CLAIM, asked, at, 100), Held)
    for kind in ("call", "result"):
        await store.payloads.put(f"{name}/{kind}", b"sealed", at + 8 * DAY)
    links = [samples.link(f"{name}-{number}", approval_id=name) for number in range(2)]
    await store.answers.put_links(links)
    said = samples.answer(f"{name}-0", approval_id=name)
    current = step(asked, Event.APPROVE, at, TERMS)
    assert await store.ledger.advance(asked, current, refund=False, answer=said)
    for event in (Event.START, Event.FINISH):
        before, current = current, step(current, event, at, TERMS)
        assert await store.ledger.advance(before, current, refund=False)
    return current


async def test_what_serves_a_short_while_is_cleaned_after_it_whatever_the_retention(
    store: SQLiteStore, path: Path
) -> None:
    await store.ledger.enter(CLAIM, [debit("old", ends_at=NOW)], NOW - 1)
    await store.payloads.put("a1/call", b"sealed", NOW)
    await store.nonces.spend("n1", NOW)
    kinds = ("tallies", "payloads", "nonces")
    await clean(store, NOW, None)
    assert rows(path, *kinds) == (1, 1, 1)
    await clean(store, NOW + DAY, None)
    assert rows(path, *kinds) == (1, 0, 1)
    assert not await store.nonces.spend("n1", NOW)
    await clean(store, NOW + DAY + 1, None)
    assert rows(path, *kinds) == (0, 0, 0)


async def test_records_are_kept_for_the_retention(store: SQLiteStore) -> None:
    records = [{"call": str(number), "at": NOW + number} for number in range(500)]
    for record in records:
        await store.journal.note(record)
    await clean(store, NOW + KEPT)
    assert await store.journal.recent(1000) == records
    assert await clean(store, NOW + 450 + KEPT) > 2
    assert await store.journal.recent(1000) == records[450:]


async def test_a_finished_approval_goes_with_all_that_belongs_to_it(
    store: SQLiteStore, path: Path
) -> None:
    old, young = await answered(store, "old"), await answered(store, "young", NOW + 1)
    await clean(store, NOW + TERMS.repeats_for + KEPT)
    assert await store.ledger.approval("old") == old
    await clean(store, NOW + TERMS.repeats_for + KEPT + 0.5)
    assert await store.ledger.approvals(5) == [young]
    assert await store.ledger.approval("old") is None
    assert await store.answers.answers("old") == [] and await store.answers.link("old-1") is None
    assert len(await store.answers.answers("young")) == 1
    assert rows(path, "approvals", "answers", "links") == (1, 1, 2)


async def test_with_a_short_retention_an_approval_takes_its_payloads_along(
    store: SQLiteStore, path: Path
) -> None:
    await answered(store, "a1")
    await store.payloads.put("a10/call", b"another's", NOW + 8 * DAY)
    await clean(store, NOW + 2 * DAY, DAY)
    assert rows(path, "approvals", "payloads") == (0, 1)
    assert await store.payloads.get("a10/call", NOW) == b"another's"


@pytest.mark.parametrize("status", sorted(OPEN))
async def test_an_approval_that_is_not_finished_is_never_cleaned(
    store: SQLiteStore, status: Status
) -> None:
    current = samples.approval()
    await store.ledger.hold(CLAIM, current, NOW, 5)
    await store.answers.put_links([samples.link()])
    if status is not Status.PENDING:
        before, current = current, samples.step(current, status)
        assert await store.ledger.advance(before, current, refund=False)
    await clean(store, NOW + 10_000 * DAY)
    assert await store.ledger.unfinished() == [current]
    assert await store.answers.link("l1") == samples.link()


async def test_an_approval_that_still_answers_repeats_is_kept(store: SQLiteStore) -> None:
    done = await answered(store, "a1")
    await clean(store, NOW + TERMS.repeats_for, 0.0)
    again = replace(samples.approval("a2"), call_key=done.call_key)
    joined = await store.ledger.hold(CLAIM, again, NOW + TERMS.repeats_for - 1, 5)
    assert joined == Joined(done)


async def test_without_a_retention_history_stays_for_ever(store: SQLiteStore) -> None:
    done = await answered(store, "a1")
    await store.journal.append({"call": "c", "at": NOW})
    await clean(store, NOW + 100_000 * DAY, None)
    assert await store.ledger.approvals(5) == [done]
    assert await store.journal.recent(5) == [{"call": "c", "at": NOW}]
    assert len(await store.answers.answers("a1")) == 1


async def test_each_step_is_small_and_calls_go_on_between_them(
    store: SQLiteStore, path: Path
) -> None:
    for number in range(1_000):
        await store.journal.note({"call": str(number), "at": NOW})
    lasting = debit("lasting", ends_at=NOW + 1_000 * DAY, maximum=10**12)
    left: list[int] = []
    while await store.sweep(NOW + 100 * DAY, KEPT):
        assert isinstance(await store.ledger.enter(CLAIM, [lasting], NOW), Entered)
        left += rows(path, "records")
    assert left == [800, 600, 400, 200, 0]
