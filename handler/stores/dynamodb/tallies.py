"""Where tallies are kept, and what taking and giving back writes. Pure.

A grant's own tallies live in the map `t` of its item, so that one write authenticates the grant and
takes them all. Any other tally is an item of its own with a time to live: those of sessions,
servers and the deployment, and those named by values that agents send, which have no bound.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from compiler.frozen import dataclass
from handler.limits.debits import Debit, Tally
from handler.stores.dynamodb.attributes import Item
from handler.stores.dynamodb.update import Update

KEPT_SECONDS = 24 * 3600
"""How long a tally outlives its window at most: far longer than clocks differ."""

LEAST_KEPT_SECONDS = 120
"""At least: twice what two clocks that are both believed may differ by (`connection.MOST_SKEW`)."""

KEPT_WINDOWS = 10
"""Between the two, so many windows: a grant's item must not grow with each short one."""

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Demand:
    """What all debits of one call ask of one tally: it may stand at `room` or less before."""

    tally: Tally
    cost: int
    room: int
    ends_at: float
    apart: bool
    """Whether the tally has an item of its own."""

    @property
    def name(self) -> str:
        """The key in the map of a grant's item. Carries the window's end, for cleaning."""
        return f"{_base36(math.ceil(self.ends_at))}:{self.tally[2]}"

    @property
    def key(self) -> str:
        """The key of an item of its own."""
        scope, scope_id, key = self.tally
        return f"tally#{scope}#{scope_id}#{key}"


def demands(debits: Sequence[Debit]) -> list[Demand]:
    """One demand for each tally, in the order they are first named."""
    found: dict[Tally, Demand] = {}
    for debit in debits:
        before = found.get(debit.tally)
        cost = debit.cost + (before.cost if before else 0)
        room = debit.maximum - cost
        found[debit.tally] = Demand(
            debit.tally,
            cost,
            min(room, before.room) if before else room,
            debit.ends_at,
            debit.is_apart,
        )
    return list(found.values())


def never_fits(asked: Iterable[Demand]) -> bool:
    return any(demand.room < 0 for demand in asked)


def take_within(update: Update, asked: Iterable[Demand]) -> None:
    """Take tallies of the grant's item in the write that is being made of it."""
    for demand in asked:
        update.require_at_most(demand.room, "t", demand.name)
        update.add(demand.cost, "t", demand.name)


def give_back_within(update: Update, asked: Iterable[Demand]) -> None:
    """Give back to tallies of the grant's item; all of them must still be there."""
    for demand in asked:
        path = update.at("t", demand.name)
        update.require(f"{path} >= {update.value(demand.cost)}")
        update.add(-demand.cost, "t", demand.name)


def take_apart(table: str, demand: Demand) -> Update:
    """Take from a tally that is an item of its own."""
    update = Update(table, demand.key)
    update.require_at_most(demand.room, "n")
    update.add(demand.cost, "n")
    update.put(ttl=math.ceil(demand.ends_at) + KEPT_SECONDS)
    return update


def give_back_apart(table: str, demand: Demand) -> Update:
    update = Update(table, demand.key)
    update.require(f"{update.at('n')} >= {update.value(demand.cost)}")
    update.add(-demand.cost, "n")
    return update


def standing_within(item: Item | None, asked: Iterable[Demand]) -> dict[Tally, int]:
    """What tallies stand at in a grant's item; one that is not there is left out."""
    tallies: Mapping[str, int] = item.get("t", {}) if item else {}
    return {
        demand.tally: tallies[demand.name]
        for demand in asked
        if not demand.apart and demand.name in tallies
    }


def standing_apart(item: Item | None, demand: Demand) -> dict[Tally, int]:
    """What a tally stands at in the item of its own; left out where there is none."""
    return {demand.tally: item["n"]} if item and "n" in item else {}


def refundable(share: Sequence[Demand], there: Mapping[Tally, int]) -> list[Demand]:
    """The demands whose tallies are still there to be given back to."""
    return [d for d in share if d.tally in there and there[d.tally] >= d.cost]


def is_over(name: str, now: float) -> bool:
    """Whether the tally of this name in a grant's item may be cleaned away.

    Nobody can be in its window any more: who believes to be is told that the clocks differ.
    """
    end = int(name.partition(":")[0], 36)
    _, _, start = name.rpartition(".")
    length = end - int(start) if start.isdecimal() else KEPT_SECONDS
    kept = min(max(KEPT_WINDOWS * length, LEAST_KEPT_SECONDS), KEPT_SECONDS)
    return end + kept < now


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
    return digits or "0"
