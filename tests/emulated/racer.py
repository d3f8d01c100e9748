"""One process of a race: opens its store, waits for the start, then calls as fast as it can.

Run as `python -m tests.emulated.racer <file> <calls>`; prints `ready`, waits for a line, then
prints how often each answer came, as JSON.
"""

import asyncio
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handler.stores.dynamodb.store import DynamoStore
from handler.stores.dynamodb.tables import Names
from tests.emulated.samples import UNIT, claim, debit
from tests.emulated.world import connection, journal

AT_ONCE = 8
"""Calls that one process has in flight."""


@dataclass(frozen=True)
class Racing:
    """Where the race is, and the time that all racers go by."""

    url: str
    names: Names
    at: float
    limit: int
    """Calls in an hour."""

    @classmethod
    def read(cls, document: dict[str, Any]) -> "Racing":
        return cls(document["url"], Names(**document["names"]), document["at"], document["limit"])


async def race(racing: Racing, calls: int) -> Counter[str]:
    store = DynamoStore(connection(racing.url), racing.names, journal())
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    turns = asyncio.Semaphore(AT_ONCE)

    async def call() -> str:
        async with turns:
            entry = await store.ledger.enter(
                claim(), (debit(racing.at, racing.limit * UNIT),), racing.at
            )
        return type(entry).__name__

    answers = await asyncio.gather(*(call() for _ in range(calls)))
    await store.close()
    return Counter(answers)


if __name__ == "__main__":
    file, calls = sys.argv[1:]
    read = Racing.read(json.loads(Path(file).read_text()))
    print(json.dumps(asyncio.run(race(read, int(calls)))), flush=True)
