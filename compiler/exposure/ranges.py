"""What a number among the arguments can be in a call that passes some conditions.

Only conditions that stand alone are understood; the others leave the range as it is, so that it
never gets too small. Amounts are exact. Must not know limits.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from compiler.paths import has_every
from compiler.policy import ApprovalRule, Condition, Operator, Path, Root, Rule, Step
from compiler.values import Value

Argument = tuple[Step, ...]
"""The steps of a path from the arguments."""


@dataclass(frozen=True, slots=True)
class Range:
    """From `low` to `high`, both included; None where nothing bounds it."""

    low: Fraction | None = None
    high: Fraction | None = None

    def within(self, other: "Range") -> "Range":
        lows = [one for one in (self.low, other.low) if one is not None]
        highs = [one for one in (self.high, other.high) if one is not None]
        return Range(max(lows, default=None), min(highs, default=None))

    @property
    def is_empty(self) -> bool:
        return self.low is not None and self.high is not None and self.low > self.high


Ranges = dict[Argument, Range]

OPPOSITES = {
    Operator.LT: Operator.GTE,
    Operator.LTE: Operator.GT,
    Operator.GT: Operator.LTE,
    Operator.GTE: Operator.LT,
    Operator.NEQ: Operator.EQ,
    Operator.NOT_IN: Operator.IN,
}
"""What is true of a number where the operator is false."""


def ranges(require: Iterable[Rule], deny_if: Iterable[Rule | ApprovalRule]) -> Ranges:
    """What the arguments can be in calls that `require` admits and none of `deny_if` fires on."""
    found: Ranges = {}
    for rule in require:
        for condition in rule.conditions:
            _narrow(found, condition, condition.operator)
    for one in deny_if:
        if len(one.conditions) == 1:
            condition = one.conditions[0]
            _narrow(found, condition, OPPOSITES.get(condition.operator))
    return found


def argument(path: Path | None) -> Argument | None:
    """The argument a path reads, where it reads one."""
    if path is None or path.root is not Root.ARGS or has_every(path):
        return None
    return path.steps


def _narrow(found: Ranges, condition: Condition, operator: Operator | None) -> None:
    place, narrower = argument(condition.path), _range(operator, condition.value)
    if place is not None and narrower is not None:
        found[place] = found.get(place, Range()).within(narrower)


def _range(operator: Operator | None, literal: Value) -> Range | None:
    """The numbers of which the operator is true; None where it says nothing of numbers."""
    listed = literal if operator is Operator.IN and isinstance(literal, list) else [literal]
    numbers = _numbers(listed)
    if not numbers:
        return None
    if operator in (Operator.EQ, Operator.IN):
        return Range(min(numbers), max(numbers))
    if operator in (Operator.LT, Operator.LTE):
        return Range(high=numbers[0])
    return Range(low=numbers[0]) if operator in (Operator.GT, Operator.GTE) else None


def _numbers(values: Sequence[Value]) -> list[Fraction]:
    return [
        Fraction(Decimal(repr(one)))
        for one in values
        if isinstance(one, int | float) and not isinstance(one, bool)
    ]
