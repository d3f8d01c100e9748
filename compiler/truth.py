"""What one operator says of one value: true, false or mismatch.

Must not know rules or paths. This is the specification of the operators: plain and slow. A
mismatch means that the two cannot be compared; it always counts against the call.
"""

import operator as python
from collections.abc import Callable
from enum import Enum

from compiler import regex
from compiler.policy import LENGTHS, Operator
from compiler.values import Value, equal, is_readable, kind


class Truth(Enum):
    """The three answers of a condition."""

    TRUE = "true"
    FALSE = "false"
    MISMATCH = "mismatch"


class Absent(Enum):
    """What a path finds instead of a value."""

    MISSING = "missing"
    """No such key or element, or a step into null."""
    MISPLACED = "misplaced"
    """A step into what has no such parts: a key of a string, an index of an object."""


def test(operator: Operator, found: "Value | Absent", literal: Value) -> Truth:
    """What a condition answers of what its path found."""
    if found is Absent.MISPLACED:
        return Truth.MISMATCH
    if operator is Operator.EXISTS:
        return _truth((found is not Absent.MISSING and found is not None) == literal)
    if isinstance(found, Absent):
        return Truth.MISMATCH if operator in NEGATIONS else Truth.FALSE
    if operator in LENGTHS:
        return _length(operator, found, literal)
    if not is_readable(found):
        return Truth.MISMATCH
    if operator in NEGATIONS:
        return NEGATED[COMPARISONS[NEGATIONS[operator]](found, literal)]
    return COMPARISONS[operator](found, literal)


def _truth(answer: bool) -> Truth:
    return Truth.TRUE if answer else Truth.FALSE


def _equals(value: Value, literal: Value) -> Truth:
    return _truth(equal(value, literal)) if kind(value) == kind(literal) else Truth.MISMATCH


def _is_in(value: Value, literal: Value) -> Truth:
    assert isinstance(literal, list)
    alike = [one for one in literal if kind(one) == kind(value)]
    return _truth(any(equal(value, one) for one in alike)) if alike else Truth.MISMATCH


def _contains(value: Value, literal: Value) -> Truth:
    if isinstance(value, str) and isinstance(literal, str):
        return _truth(literal in value)
    if not isinstance(value, list):
        return Truth.MISMATCH
    if any(equal(one, literal) for one in value):
        return Truth.TRUE
    return _truth(False) if all(kind(one) == kind(literal) for one in value) else Truth.MISMATCH


def _order(compare: Callable[[int | float | str, int | float | str], bool]) -> "Comparison":
    """Exact: numbers are compared as the decimals they stand for, strings by code point."""

    def ordered(value: Value, literal: Value) -> Truth:
        if kind(value) != kind(literal):
            return Truth.MISMATCH
        assert isinstance(value, int | float | str) and isinstance(literal, int | float | str)
        return _truth(compare(value, literal))

    return ordered


def _text(compare: Callable[[str, str], bool]) -> "Comparison":
    def compared(value: Value, literal: Value) -> Truth:
        assert isinstance(literal, str)
        return _truth(compare(value, literal)) if isinstance(value, str) else Truth.MISMATCH

    return compared


def _length(operator: Operator, value: Value, literal: Value) -> Truth:
    """Reads the length and nothing else, so unreadable numbers inside a list do not matter."""
    assert isinstance(literal, int)
    if not isinstance(value, str | list):
        return Truth.MISMATCH
    shortest = operator is Operator.LENGTH_GTE
    return _truth(len(value) >= literal if shortest else len(value) <= literal)


Comparison = Callable[[Value, Value], Truth]

COMPARISONS: dict[Operator, Comparison] = {
    Operator.EQ: _equals,
    Operator.LT: _order(python.lt),
    Operator.LTE: _order(python.le),
    Operator.GT: _order(python.gt),
    Operator.GTE: _order(python.ge),
    Operator.IN: _is_in,
    Operator.CONTAINS: _contains,
    Operator.REGEX: _text(lambda value, pattern: regex.compiled(pattern).search(value)),
    Operator.STARTS_WITH: _text(str.startswith),
    Operator.ENDS_WITH: _text(str.endswith),
}

NEGATIONS = {
    Operator.NEQ: Operator.EQ,
    Operator.NOT_IN: Operator.IN,
    Operator.NOT_REGEX: Operator.REGEX,
    Operator.NOT_CONTAINS: Operator.CONTAINS,
}
"""A missing path is a mismatch for these: what is not there cannot be said to differ."""

NEGATED = {
    Truth.TRUE: Truth.FALSE,
    Truth.FALSE: Truth.TRUE,
    Truth.MISMATCH: Truth.MISMATCH,
}
