"""One process of a race: opens the store, waits for the start, makes its calls all at once.

Run as `python -m tests.stores.racer <world> <place> <name> <calls> <maximum>`; prints `ready`,
waits for a line, then prints the name of each answer with how often it came, as JSON.
"""

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path

from tests.stores import samples
from tests.stores.worlds import WORLDS


async def race(world: str, place: Path, name: str, calls: int, maximum: int) -> Counter[str]:
    """Calls that take from a limit they share and from one that is the process's own."""
    async with WORLDS[world](place) as store:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        debits = [samples.debit(maximum=maximum), samples.debit(f"own-{name}", maximum=10**12)]
        entries = await asyncio.gather(
            *(store.ledger.enter(samples.claim(), debits, samples.NOW) for _ in range(calls))
        )
    return Counter(type(entry).__name__ for entry in entries)


if __name__ == "__main__":
    world, place, name, calls, maximum = sys.argv[1:]
    counted = asyncio.run(race(world, Path(place), name, int(calls), int(maximum)))
    print(json.dumps(counted), flush=True)
