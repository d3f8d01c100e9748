"""The SQLite file itself: who may read it, what it may be, and what happens when it fails."""

import asyncio
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import orjson
import pytest

from handler.stores.base import StoreUnavailable
from handler.stores.ledger import Entered
from handler.stores.sqlite import SQLiteStore, StoreUnusable, lanes
from handler.stores.sqlite.schema import APPLICATION, STEPS, VERSION
from tests.patience import PATIENCE
from tests.stores import samples
from tests.stores.samples import NOW, ONE, debit

pytestmark = pytest.mark.anyio

CLAIM = samples.claim()
DAY = 86_400


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "holdpoint.db"


@pytest.fixture
async def store(path: Path, anyio_backend: str) -> AsyncIterator[SQLiteStore]:
    store = SQLiteStore(path)
    await store.ledger.put_grant(samples.grant())
    yield store
    await store.close()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long another process holds a lock of its own accord, it is waited for."""
    monkeypatch.setattr(lanes, "PATIENCE", PATIENCE)
    monkeypatch.setattr(lanes, "LONGEST_WAIT", PATIENCE)


SHORT = 0.5


@pytest.fixture
def short(patient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock is waited for that long."""
    monkeypatch.setattr(lanes, "PATIENCE", SHORT)


LOCKER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
db.execute("ROLLBACK")
print("free", flush=True)
"""


@contextmanager
def locked_by_another_process(path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", LOCKER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as locker:
        assert locker.stdout and locker.stdout.readline() == "locked\n"
        yield locker
        locker.communicate("\n")


def rows(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as db:
        (number,) = db.execute(f"SELECT count(*) FROM {table}").fetchone()
        return int(number)


async def test_only_the_owner_may_read_the_files(store: SQLiteStore, path: Path) -> None:
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == [
        "holdpoint.db", "holdpoint.db-shm", "holdpoint.db-wal",
    ]  # fmt: skip
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


async def test_a_file_that_others_may_read_is_closed_to_them(path: Path) -> None:
    await SQLiteStore(path).close()
    path.chmod(0o644)
    await SQLiteStore(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_commit_is_on_the_disk_before_it_is_answered(store: SQLiteStore) -> None:
    def settings(db: sqlite3.Connection) -> tuple[str, int]:
        (journal,) = db.execute("PRAGMA journal_mode").fetchone()
        (synchronous,) = db.execute("PRAGMA synchronous").fetchone()
        return journal, synchronous

    assert await store._writes.ask(settings) == ("wal", 2)


async def test_what_a_call_takes_is_on_the_disk_with_the_record_that_lets_it_go(
    store: SQLiteStore,
) -> None:
    """A call's first commit counts for nothing until its second one, which keeps both."""
    said: list[str] = []

    def listen(db: sqlite3.Connection) -> None:
        db.set_trace_callback(said.append)

    await store._writes.ask(listen)
    said.clear()
    assert isinstance(await store.ledger.enter(CLAIM, [debit()], NOW), Entered)
    await store.journal.append({"call": 1})
    told = [each for each in said if each.startswith(("PRAGMA", "COMMIT"))]
    assert told == ["PRAGMA synchronous=NORMAL", "COMMIT", "PRAGMA synchronous=FULL", "COMMIT"]


async def test_a_store_of_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    await SQLiteStore(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version={VERSION + 1}")
    with pytest.raises(StoreUnusable, match=r"written by a newer holdpoint .* upgrade holdpoint"):
        SQLiteStore(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (VERSION + 1,)


async def test_a_store_of_the_first_version_is_brought_forward_with_all_it_holds(
    path: Path,
) -> None:
    records = [{"call": str(number), "at": NOW + number} for number in range(3)]
    with closing(sqlite3.connect(path)) as db:
        db.executescript(STEPS[0])
        rows = [(orjson.dumps(record),) for record in records]
        db.executemany("INSERT INTO records (document) VALUES (?)", rows)
        db.execute("INSERT INTO answers VALUES (1, 'a1', 'l1', 'ops@example.com', 1, '', 5.0)")
        db.execute(f"PRAGMA application_id={APPLICATION}")
        db.execute("PRAGMA user_version=1")
        db.commit()
    store = SQLiteStore(path)
    found = [record async for record in store.journal.between(NOW + 1, NOW + 3)]
    (answer,) = await store.answers.answers("a1")
    await store.close()
    assert found == records[1:]
    assert (answer.approver, answer.operator) == ("ops@example.com", "")


async def test_another_programs_database_is_refused_and_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE notes (text)")
    with pytest.raises(StoreUnusable, match="a database of another program"):
        SQLiteStore(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT name FROM sqlite_schema").fetchall() == [("notes",)]


async def test_a_damaged_file_is_refused(path: Path) -> None:
    path.write_bytes(b"this is no database, whatever its name says\n" * 100)
    with pytest.raises(StoreUnusable, match=r"cannot use the store .*not a database"):
        SQLiteStore(path)


async def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match=r"cannot open the store .*No such file or directory"):
        SQLiteStore(tmp_path / "missing" / "holdpoint.db")


async def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="cannot open the store"):
        SQLiteStore(tmp_path)


async def test_many_may_make_the_store_at_once(path: Path) -> None:
    stores = await asyncio.gather(*(asyncio.to_thread(SQLiteStore, path) for _ in range(8)))
    await stores[0].ledger.put_grant(samples.grant())
    for store in stores:
        assert await store.ledger.grant("g1") == samples.grant()
        await store.close()


@pytest.mark.usefixtures("short")
async def test_a_lock_held_too_long_is_unavailable_in_time_and_takes_nothing(
    store: SQLiteStore, path: Path
) -> None:
    with locked_by_another_process(path):
        asked = time.monotonic()
        answers = await asyncio.gather(
            *(store.ledger.enter(CLAIM, [debit()], NOW) for _ in range(100)),
            return_exceptions=True,
        )
        waited = time.monotonic() - asked
    assert {type(answer) for answer in answers} == {StoreUnavailable}
    assert waited > SHORT * 0.9
    assert await store.ledger.tallies([debit()]) == (0,)
    assert isinstance(await store.ledger.enter(CLAIM, [debit()], NOW), Entered)


@pytest.mark.usefixtures("short")
async def test_a_call_that_waits_behind_others_has_no_longer_to_wait(
    store: SQLiteStore, path: Path
) -> None:
    turns = 20

    async def ask() -> None:
        with pytest.raises(StoreUnavailable):
            await store.ledger.enter(CLAIM, [debit()], NOW)

    with locked_by_another_process(path):
        asked = time.monotonic()
        await asyncio.gather(*(ask() for _ in range(turns * lanes.MOST_TOGETHER)))
        waited = time.monotonic() - asked
    assert waited < SHORT * (turns - 1)  # the last would have waited for all turns before its own


async def test_a_disk_that_hangs_keeps_nobody_waiting(
    store: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "LONGEST_WAIT", 0.1)
    over = threading.Event()

    def hang(db: sqlite3.Connection) -> None:
        over.wait(30)

    try:
        with pytest.raises(StoreUnavailable, match="in time"):
            await store._writes.ask(hang)
    finally:
        over.set()


async def test_a_lock_that_ends_in_time_is_waited_for(store: SQLiteStore, path: Path) -> None:
    with locked_by_another_process(path) as locker:
        call = asyncio.create_task(store.ledger.enter(CLAIM, [debit()], NOW))
        await asyncio.wait([call], timeout=0.2)
        assert not call.done()
        assert locker.stdin and locker.stdout
        locker.stdin.write("\n")
        locker.stdin.flush()
        assert isinstance(await call, Entered)


async def test_reading_never_waits_for_a_writer(store: SQLiteStore, path: Path) -> None:
    with locked_by_another_process(path):
        assert await store.ledger.enter(CLAIM, [], NOW) == Entered(samples.grant(), (), ())


async def test_a_call_that_was_given_up_takes_nothing(store: SQLiteStore, path: Path) -> None:
    with locked_by_another_process(path):
        first = asyncio.create_task(store.ledger.enter(CLAIM, [debit()], NOW))
        await asyncio.wait([first], timeout=0.1)
        given_up = asyncio.create_task(store.ledger.enter(CLAIM, [debit()], NOW))
        await asyncio.wait([given_up], timeout=0.1)
        given_up.cancel()
        await asyncio.wait([given_up])
    assert isinstance(await first, Entered)
    assert await store.ledger.tallies([debit()]) == (ONE,)


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_file_removed_while_in_use_admits_nobody(
    store: SQLiteStore, path: Path, replaced: bool
) -> None:
    path.rename(path.with_name("moved.db"))
    if replaced:
        path.write_bytes(b"")
    with pytest.raises(StoreUnavailable):
        await store.ledger.enter(CLAIM, [debit()], NOW)
    with pytest.raises(StoreUnavailable):
        await store.journal.append({})


async def test_a_full_disk_is_unavailable_and_the_store_recovers(store: SQLiteStore) -> None:
    def shrink(db: sqlite3.Connection) -> None:
        db.execute("PRAGMA max_page_count=1")

    def grow(db: sqlite3.Connection) -> None:
        db.execute("PRAGMA max_page_count=1000000")

    await store._writes.ask(shrink)
    with pytest.raises(StoreUnavailable, match="full"):
        await store.payloads.put("a1/result", b"x" * 100_000, NOW + 60)
    await store._writes.ask(grow)
    assert isinstance(await store.ledger.enter(CLAIM, [debit()], NOW), Entered)


async def test_an_error_of_one_question_leaves_its_neighbours_alone(store: SQLiteStore) -> None:
    """All three wait behind a lock, so that they share a transaction."""

    def fail(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM grants")
        raise LookupError("its own")

    def count(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO nonces VALUES (hex(randomblob(8)), 1)")

    with locked_by_another_process(store._writes._path):
        asked = [asyncio.create_task(store._writes.ask(ask)) for ask in (count, fail, count)]
        await asyncio.wait(asked, timeout=0.1)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None), LookupError, type(None)]
    assert await store.ledger.grants() == [samples.grant()]
    assert rows(store._writes._path, "nonces") == 2


async def test_an_error_of_sqlite_undoes_its_transaction_and_lets_go_of_the_lock(
    store: SQLiteStore, path: Path
) -> None:
    def collide(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO nonces VALUES ('n1', 1)")
        db.execute("INSERT INTO nonces VALUES ('n1', 1)")

    with pytest.raises(StoreUnavailable):
        await store._writes.ask(collide)
    with closing(sqlite3.connect(path, timeout=0)) as other:
        other.execute("INSERT INTO nonces VALUES ('n2', 1)")
        other.commit()
    assert await store.nonces.spend("n1", NOW)
    assert not await store.nonces.spend("n2", NOW)


async def test_a_process_that_is_killed_leaves_every_tally_whole(
    store: SQLiteStore, path: Path
) -> None:
    """Whatever it had taken is counted in both of its tallies, and the limit stays exact."""
    shared, own = debit(maximum=500 * ONE), debit("own-victim", maximum=10**12)
    command = [sys.executable, "-m", "tests.stores.racer", "sqlite", str(path.parent)]
    with subprocess.Popen(
        [*command, "victim", "500", str(shared.maximum)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as victim:
        assert victim.stdin and victim.stdout and victim.stdout.readline() == "ready\n"
        victim.stdin.write("go\n")
        victim.stdin.flush()
        while await store.ledger.tallies([shared]) == (0,):
            pass
        victim.kill()
    taken, counted = await store.ledger.tallies([shared, own])
    assert taken == counted
    entries = await asyncio.gather(*(store.ledger.enter(CLAIM, [shared], NOW) for _ in range(600)))
    admitted = sum(isinstance(entry, Entered) for entry in entries)
    assert taken + admitted * ONE == shared.maximum


async def test_what_waited_when_the_store_was_closed_is_kept(path: Path) -> None:
    store = SQLiteStore(path)
    await store.ledger.put_grant(samples.grant())
    calls = [asyncio.create_task(store.ledger.enter(CLAIM, [debit()], NOW)) for _ in range(5)]
    await asyncio.sleep(0)
    await store.close()
    assert {type(entry) for entry in await asyncio.gather(*calls)} == {Entered}
    assert rows(path, "tallies") == 1
