"""What a call's limits take: the cost and the `per` values, read from the call.

Must not know tallies or windows: the ledger counts. Amounts are micro-units.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from compiler import names
from compiler.ir import LimitRow
from compiler.policy import Path, Root
from compiler.table.read import Table
from compiler.values import Value, is_comparable, is_readable, micro_units
from compiler.verdict import Charge, Effect, Verdict
from handler.decision.operators import MISMATCH, MISSING, Mismatch, Missing, Object

ONE = 1_000_000
"""What a call costs where its limit names no argument."""

Found: TypeAlias = "Value | Missing | Mismatch"

Taking = Callable[[Sequence[Object]], Charge | Verdict]
"""From the roots to what one limit takes, or to the denial of a call it cannot be read from."""


def taking(table: Table, row: LimitRow) -> Charge | Taking:
    """What the limit takes: the same from every call, or to be read from each."""
    if row.increment_from is None and not row.per:
        return _charge(row, ONE, None)
    source = None if row.increment_from is None else table.path(row.increment_from)
    per = tuple(map(table.path, row.per))

    def take(roots: Sequence[Object]) -> Charge | Verdict:
        cost = ONE if source is None else _cost(_find(source, roots))
        if source is not None and cost is None:
            return _denial(row, names.cost_message(source))
        values = [_find(path, roots) for path in per]
        for path, value in zip(per, values, strict=True):
            if isinstance(value, Mismatch) or isinstance(value, Missing) or not is_readable(value):
                return _denial(row, names.per_message(path))
        return _charge(row, cost, tuple(values) if per else None)

    return take


def _find(path: Path, roots: Sequence[Object]) -> Found:
    """The value a path without `[*]` leads to, by the rules of `paths`."""
    value: Found = dict(roots[ROOTS.index(path.root)])
    for step in path.steps:
        if value is None or value is MISSING:
            value = MISSING
        elif isinstance(step, str) and isinstance(value, dict):
            value = value.get(step, MISSING)
        elif isinstance(step, int) and isinstance(value, list):
            value = value[step] if step < len(value) else MISSING
        else:
            return MISMATCH
    return value


def _cost(value: Found) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not is_comparable(value):
        return None
    return micro_units(value)


def _charge(row: LimitRow, cost: int, per: tuple[Value, ...] | None) -> Charge:
    return Charge(
        place=row.place,
        owner=row.owner,
        counter=row.counter,
        window=row.window,
        scope=row.scope,
        maximum=row.maximum,
        cost=cost,
        per=per,
        message=row.message,
    )


def _denial(row: LimitRow, message: str) -> Verdict:
    return Verdict(Effect.DENY, row.place, message)


ROOTS = tuple(Root)
"""The order in which roots are given."""
