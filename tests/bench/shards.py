"""What splitting one shared counter into shards costs: calls refused while the whole had room.

    python -m tests.bench.shards

Each shard owns an equal part of the limit, and a call takes from one chosen at random. Prints the
table of docs/scale.md.
"""

import random
from statistics import mean

LIMITS = (100, 1_000, 10_000)
SHARDS = (2, 4, 10, 32)
RUNS = 30


def admitted(limit: int, shards: int, chance: random.Random) -> tuple[int, int]:
    """Of `limit` calls: how many were admitted before the first refusal, and in all."""
    room = [limit // shards] * shards
    first, total = limit, 0
    for call in range(limit):
        shard = chance.randrange(shards)
        if room[shard]:
            room[shard] -= 1
            total += 1
        else:
            first = min(first, call)
    return first, total


def row(limit: int, shards: int, runs: int = RUNS) -> tuple[float, float]:
    """Mean shares of the limit, 0 to 1: before the first refusal, and in all."""
    chance = random.Random(f"{limit} {shards}")
    results = [admitted(limit, shards, chance) for _ in range(runs)]
    return mean(first for first, _ in results) / limit, mean(all_ for _, all_ in results) / limit


def table() -> str:
    heads = (
        *("limit", "shards", "writes/s", "admitted before the first refusal"),
        "admitted of as many calls as the limit",
    )
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for limit in LIMITS:
        for shards in SHARDS:
            first, total = row(limit, shards)
            lines.append(f"| {limit:,} | {shards} | {shards},000 | {first:.0%} | {total:.0%} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
