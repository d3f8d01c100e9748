"""The store under load: exactness, and throughput against the bare engine's own floor.

Run as `python -m tests.bench.store`. Eight processes make 10,000 calls at once against a limit of
5,000 on one SQLite file; then as many bare conditional writes by sqlite3 alone, as many processes
and the same durability, say what the disk allows. Exits 1 unless exactly 5,000 were admitted.
"""

import argparse
import asyncio
import json
import os
import platform
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from handler.stores.sqlite import SQLiteStore
from handler.stores.sqlite.connection import PATIENCE, patiently
from tests.stores import samples

PROCESSES = 8
CALLS = 10_000
MAXIMUM = 5_000
LANES = 64
"""Calls that one process has under way at a time."""

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Run:
    """One race: what came of the calls, and how long all of them took."""

    answers: Counter[str]
    seconds: float
    median: float
    """Seconds a call took, as seen by its caller."""

    @property
    def rate(self) -> float:
        return self.answers.total() / self.seconds


def start() -> None:
    """Say that this process is ready, and wait until all are."""
    print("ready", flush=True)
    sys.stdin.readline()


async def call_the_store(place: Path, calls: int) -> tuple[Counter[str], list[float]]:
    store = SQLiteStore(place / "store.db")
    debit = samples.debit(cost=1, maximum=MAXIMUM)
    answers: Counter[str] = Counter()
    waits: list[float] = []
    left = iter(range(calls))

    async def lane() -> None:
        for _ in left:
            asked = time.perf_counter()
            entry = await store.ledger.enter(samples.claim(), [debit], samples.NOW)
            waits.append(time.perf_counter() - asked)
            answers[type(entry).__name__] += 1

    await asyncio.to_thread(start)
    await asyncio.gather(*(lane() for _ in range(LANES)))
    await store.close()
    return answers, waits


def call_the_floor(place: Path, calls: int) -> tuple[Counter[str], list[float]]:
    """The conditional write alone: no grant, no threads, no event loop, a commit for each."""
    with closing(sqlite3.connect(place / "floor.db", isolation_level=None, timeout=0)) as db:
        db.execute("PRAGMA synchronous=FULL")
        answers: Counter[str] = Counter()
        waits: list[float] = []
        start()
        for _ in range(calls):
            asked = time.perf_counter()
            patiently(lambda: db.execute("BEGIN IMMEDIATE"), asked + 10 * PATIENCE)
            written = db.execute(
                "UPDATE tally SET amount = amount + 1 WHERE key = 'k' AND amount < ?", (MAXIMUM,)
            )
            db.execute("COMMIT")
            waits.append(time.perf_counter() - asked)
            answers["Entered" if written.rowcount else "Full"] += 1
    return answers, waits


def lay_floor(place: Path) -> None:
    with closing(sqlite3.connect(place / "floor.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE tally (key TEXT PRIMARY KEY, amount INTEGER)")
        db.execute("INSERT INTO tally VALUES ('k', 0)")


async def make_store(place: Path) -> None:
    store = SQLiteStore(place / "store.db")
    await store.ledger.put_grant(samples.grant())
    await store.close()


def race(kind: str, place: Path) -> Run:
    """Start all processes, let them go together, and add up what they say."""
    command = [sys.executable, "-m", "tests.bench.store", "--racer", kind, str(place)]
    with ExitStack() as stack:
        racers = [
            stack.enter_context(
                subprocess.Popen(
                    command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                )
            )
            for _ in range(PROCESSES)
        ]
        for racer in racers:
            assert racer.stdout and racer.stdout.readline() == "ready\n"
        began = time.perf_counter()
        for racer in racers:
            assert racer.stdin
            racer.stdin.write("go\n")
            racer.stdin.flush()
        reports = [json.loads(racer.communicate()[0]) for racer in racers]
        seconds = time.perf_counter() - began
    waits = sorted(wait for report in reports for wait in report["waits"])
    answers = sum((Counter(report["answers"]) for report in reports), Counter[str]())
    return Run(answers, seconds, waits[len(waits) // 2])


async def alone(place: Path, calls: int = 1_000) -> float:
    """The median seconds of a call that has the store to itself."""
    store = SQLiteStore(place / "alone.db")
    await store.ledger.put_grant(samples.grant())
    debit = samples.debit(cost=1, maximum=10**12)
    waits = []
    for _ in range(calls):
        asked = time.perf_counter()
        await store.ledger.enter(samples.claim(), [debit], samples.NOW)
        waits.append(time.perf_counter() - asked)
    await store.close()
    return sorted(waits)[calls // 2]


def report(place: Path) -> int:
    asyncio.run(make_store(place))
    lay_floor(place)
    run, floor = race("store", place), race("floor", place)
    print(f"{platform.platform()}, {os.cpu_count()} cores, SQLite {sqlite3.sqlite_version}")
    print(f"{CALLS} calls over {PROCESSES} processes against a limit of {MAXIMUM}")
    print(f"{'':24}{'admitted':>10}{'calls/s':>10}{'p50 ms':>10}")
    for name, each in (("store", run), ("bare sqlite3 (floor)", floor)):
        admitted = each.answers["Entered"]
        print(f"{name:24}{admitted:>10}{each.rate:>10.0f}{each.median * 1e3:>10.2f}")
    print(f"throughput: {run.rate / floor.rate:.2f} of the floor")
    print(f"one call at a time, one process: p50 {asyncio.run(alone(place)) * 1e3:.2f} ms")
    exact = run.answers == {"Entered": MAXIMUM, "Full": CALLS - MAXIMUM}
    print("exactly the limit was admitted" if exact else f"NOT EXACT: {dict(run.answers)}")
    return 0 if exact else 1


def take_part(kind: str, place: Path) -> None:
    calls = CALLS // PROCESSES
    races: dict[str, Callable[[], tuple[Counter[str], list[float]]]] = {
        "store": lambda: asyncio.run(call_the_store(place, calls)),
        "floor": lambda: call_the_floor(place, calls),
    }
    answers, waits = races[kind]()
    print(json.dumps({"answers": answers, "waits": waits}))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--racer", nargs=2, metavar=("KIND", "PLACE"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.racer:
        take_part(chosen.racer[0], Path(chosen.racer[1]))
        return 0
    with TemporaryDirectory() as folder:
        return report(Path(folder))


if __name__ == "__main__":
    sys.exit(main())
