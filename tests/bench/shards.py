"""What splitting a limit into shards costs: calls refused while other shards had room.

    python -m tests.bench.shards

The gateway's own dealing and parts, over as many processes as serve the calls. Prints the tables of
docs/scale.md and docs/decisions/shards.md.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from statistics import mean

from handler.limits.shards import ONE, Dealer, owned

RUNS = 5


@dataclass(frozen=True)
class Way:
    """How calls find a shard: over `processes`, 0 for a new one each call; in `tries` at most."""

    title: str
    processes: int
    tries: int = 1


TEN, HUNDRED = Way("10 processes", 10), Way("100 processes", 100)
RANDOM = Way("a process for each call", 0)
DRAWN, TWICE = Way("drawn at random", 0), Way("a second one tried where it is full", 0, 2)
DEALT = Way("dealt by each of 100 processes", 100)


def admitted(limit: int, shards: int, way: Way, chance: random.Random) -> tuple[int, int]:
    """Of `limit` calls: how many were admitted before the first refusal, and in all."""
    room = [owned(limit * ONE, shards, shard) // ONE for shard in range(shards)]
    dealers = [Dealer(chance.randrange) for _ in range(way.processes)]
    first, total = limit, 0
    for call in range(limit):
        dealer = chance.choice(dealers) if dealers else Dealer(chance.randrange)
        dealt = (dealer.deal("limit", shards) for _ in range(way.tries))
        shard = next((shard for shard in dealt if room[shard]), None)
        if shard is None:
            first = min(first, call)
        else:
            room[shard] -= 1
            total += 1
    return first, total


def cell(limit: int, shards: int, way: Way) -> str:
    """Mean shares of the limit: before the first refusal, and in all."""
    chance = random.Random(f"{limit} {shards} {way.processes} {way.tries}")
    results = [admitted(limit, shards, way, chance) for _ in range(RUNS)]
    first, total = (mean(column) / limit for column in zip(*results, strict=True))
    return f"{first:.0%}, {total:.0%}"


def table(limits: Sequence[int], shards: Sequence[int], ways: Sequence[Way]) -> str:
    heads = ("limit", "shards", *(way.title for way in ways))
    rows = (
        (f"{limit:,}", str(each), *(cell(limit, each, way) for way in ways))
        for limit, each in product(limits, shards)
    )
    lines = [f"| {' | '.join(row)} |" for row in (heads, *rows)]
    return "\n".join((lines[0], "|---" * len(heads) + "|", *lines[1:]))


def scale() -> str:
    """The table of docs/scale.md."""
    return table((100, 1_000, 10_000), (2, 4, 10, 32), (TEN, HUNDRED, RANDOM))


def ways() -> str:
    """The table of docs/decisions/shards.md."""
    return table((1_000, 10_000), (4, 10), (DRAWN, TWICE, DEALT))


if __name__ == "__main__":
    print(scale(), ways(), sep="\n\n")
