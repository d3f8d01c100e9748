"""What the doctor finds about the log, on a journal that has the record, late, or never."""

import asyncio
from pathlib import Path

import pytest

from handler.admin import probe
from handler.admin.findings import State
from handler.clock import FixedClock
from handler.entry import rights
from handler.stores.sqlite import SQLiteStore

NOW = 1_790_000_000.0
OURS = {"record": "decided", "label": probe.NAME, "at": NOW}


@pytest.fixture
def store(tmp_path: Path) -> SQLiteStore:
    return SQLiteStore(tmp_path / "holdpoint.sqlite")


def looked(store: SQLiteStore, *, late: float | None) -> State:
    """What is found where the record comes so many seconds late, or never."""
    clock = FixedClock(NOW)

    async def pause(seconds: float) -> None:
        clock.time += seconds
        if late is not None and clock.time - NOW >= late:
            await store.journal.append(OURS)

    async def whole() -> State:
        try:
            for other in ({"label": "another"}, {"at": NOW - 100.0}):
                await store.journal.append({**OURS, **other})
            return (await rights.log(store.journal, NOW, clock, pause)).state
        finally:
            await store.close()

    return asyncio.run(whole())


def test_a_record_that_comes_late_is_found(store: SQLiteStore) -> None:
    assert looked(store, late=5.0) is State.FINE


def test_a_record_that_does_not_come_is_told_with_how_to_look_for_it(store: SQLiteStore) -> None:
    assert looked(store, late=None) is State.UNTOLD
