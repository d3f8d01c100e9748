"""What a call's limits take: the cost and the `per` values, read from the call.

Must not know tallies or windows: the ledger counts. Amounts are micro-units.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from compiler import names
from compiler.ir import LimitRow
from compiler.policy import Path, Step
from compiler.values import Value, is_readable, micro_units
from compiler.verdict import Charge, Effect, Verdict
from handler.decision.answers import MISMATCH, MISSING, Mismatch, Missing, Object

ONE = 1_000_000
"""What a call costs where its limit names no argument."""

Found: TypeAlias = "Value | Missing | Mismatch"

Taking = Callable[[Object], Charge | Verdict]
"""From the facts to what one limit takes, or to the denial of a call it cannot be read from."""


Source = tuple[Path, Sequence[Step]]
"""A path, and the steps it takes from the facts."""


def taking(row: LimitRow, source: Source | None, per: Sequence[Source]) -> Charge | Taking:
    """What the limit takes: the same from every call, or to be read from each."""
    if source is None and not per:
        return charge(row, ONE, None)

    def take(facts: Object) -> Charge | Verdict:
        cost = ONE
        if source is not None:
            read = _cost(_find(source[1], facts))
            if read is None:
                return _denial(row, names.cost_message(source[0]))
            cost = read
        values: list[Value] = []
        for path, steps in per:
            found = _find(steps, facts)
            value = None if isinstance(found, Missing) else found
            if isinstance(value, Mismatch) or not is_readable(value):
                return _denial(row, names.per_message(path))
            values.append(value)
        return charge(row, cost, tuple(values) if per else None)

    return take


def _find(steps: Sequence[Step], facts: Object) -> Found:
    """The value that steps without `[*]` lead to, by the rules of `paths`."""
    value: Found = facts  # type: ignore[assignment]  # only read
    for step in steps:
        if value is None or value is MISSING:
            value = MISSING
        elif isinstance(step, str) and isinstance(value, Mapping):
            value = value.get(step, MISSING)
        elif isinstance(step, int) and isinstance(value, list):
            value = value[step] if step < len(value) else MISSING
        else:
            return MISMATCH
    return value


def _cost(value: Found) -> int | None:
    """Micro-units, or None. Integers that servers round are beyond the 12 digits anyway."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return micro_units(value)


def charge(row: LimitRow, cost: int, per: tuple[Value, ...] | None) -> Charge:
    """What a limit takes: `cost` micro-units, from the tally of these `per` values."""
    return Charge(
        place=row.place,
        owner=row.owner,
        counter=row.counter,
        window=row.window,
        scope=row.scope,
        maximum=row.maximum,
        cost=cost,
        per=per,
        shards=row.shards,
        message=row.message,
    )


def _denial(row: LimitRow, message: str) -> Verdict:
    return Verdict(Effect.DENY, row.place, message)
