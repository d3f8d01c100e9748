"""Each operator as a test of one member of an object, specialised for its literal.

Must not know paths, rules or policies. A test answers true, false or mismatch. A mismatch is truthy
and is not True, so that it counts against the call in both kinds of rules: a `require` asks for
`is True`, a `deny_if` and an `approve_if` for anything truthy.
"""

import operator
from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias

from compiler.policy import Operator
from compiler.values import (
    LARGEST_64_BIT,
    SAFE_INTEGER,
    SMALLEST_64_BIT,
    Value,
    equal,
    is_readable,
    kind,
)

if TYPE_CHECKING:
    from compiler.regex.run import Dfa


class Mismatch(Enum):
    """The third answer: the value is there, and it is not of a type the operator compares."""

    MISMATCH = "mismatch"


MISMATCH = Mismatch.MISMATCH

Truth: TypeAlias = bool | Mismatch
Object = Mapping[str, Any]
Test = Callable[[Object], Truth]
"""Of an object, about its member with the key the test was made for."""


class Missing(Enum):
    """What is found where there is no such member."""

    MISSING = "missing"


MISSING = Missing.MISSING

SAFE_LOW, SAFE_HIGH = -SAFE_INTEGER, SAFE_INTEGER
FLOAT_LOW, FLOAT_HIGH = float(SAFE_LOW), float(SAFE_HIGH)
"""The same numbers exactly; floats compare with them four times as fast as with integers."""


def member_test(op: Operator, literal: Value, automaton: "Dfa | None", key: str) -> Test:
    """The test of the member `key` by one operator. `automaton` is a pattern's, else None."""
    if op in NEGATIONS:
        return _not(member_test(NEGATIONS[op], literal, automaton, key), key)
    if automaton is not None:
        return _string(key, automaton.search)
    return MAKERS[op](key, literal)


def _not(test: Test, key: str) -> Test:
    """True where the other is false and the reverse; a missing member is a mismatch."""

    def negated(members: Object) -> Truth:
        truth = test(members)
        if truth is MISMATCH or key not in members:
            return MISMATCH
        return not truth

    return negated


def _exists(key: str, literal: Value) -> Test:
    if literal:
        return lambda members: members.get(key) is not None
    return lambda members: members.get(key) is None


def _eq(key: str, literal: Value) -> Test:
    if type(literal) is str:
        return _equal_string(key, literal)
    word = kind(literal)

    def test(members: Object) -> Truth:
        value = members.get(key, MISSING)
        if value is MISSING:
            return False
        if kind(value) != word or not is_readable(value):
            return MISMATCH
        return equal(value, literal)

    return test


def _equal_string(key: str, literal: str) -> Test:
    def test(members: Object) -> Truth:
        value = members.get(key, MISSING)
        if type(value) is str:
            return value == literal
        return False if value is MISSING else MISMATCH

    return test


def _in(key: str, literal: Value) -> Test:
    listed = literal if isinstance(literal, list) else []
    kinds = frozenset(map(kind, listed))
    if kinds == {"string"}:
        return _in_strings(key, frozenset(map(str, listed)))

    def test(members: Object) -> Truth:
        value = members.get(key, MISSING)
        if value is MISSING:
            return False
        if kind(value) not in kinds or not is_readable(value):
            return MISMATCH
        return any(equal(value, element) for element in listed)

    return test


def _in_strings(key: str, listed: frozenset[str]) -> Test:
    def test(members: Object) -> Truth:
        value = members.get(key, MISSING)
        if type(value) is str:
            return value in listed
        return False if value is MISSING else MISMATCH

    return test


def _string(key: str, holds: Callable[[str], bool]) -> Test:
    """For the operators that read strings only."""

    def test(members: Object) -> Truth:
        value = members.get(key, MISSING)
        if type(value) is str:
            return holds(value)
        return False if value is MISSING else MISMATCH

    return test


def _starts_with(key: str, literal: Value) -> Test:
    return _string(key, lambda value: value.startswith(str(literal)))


def _ends_with(key: str, literal: Value) -> Test:
    return _string(key, lambda value: value.endswith(str(literal)))


def _contains(key: str, literal: Value) -> Test:
    word = kind(literal)

    def test(members: Object) -> Truth:
        value = members.get(key, MISSING)
        if type(value) is str and type(literal) is str:
            return literal in value
        if type(value) is list:
            return _holds_element(value, literal, word)
        return False if value is MISSING else MISMATCH

    return test


def _holds_element(elements: list[Value], literal: Value, word: str) -> Truth:
    if not is_readable(elements):
        return MISMATCH
    if any(equal(element, literal) for element in elements):
        return True
    return False if all(kind(element) == word for element in elements) else MISMATCH


def _length(
    compare: Callable[[Any, Any], bool],
) -> Callable[[str, Value], Test]:
    def make(key: str, literal: Value) -> Test:
        def test(members: Object) -> Truth:
            value = members.get(key, MISSING)
            if type(value) is str or type(value) is list:
                return compare(len(value), literal)
            return False if value is MISSING else MISMATCH

        return test

    return make


def _ordered(numbers: Callable[[str, Any], Test], strings: Callable[[Any, Any], bool]) -> "Maker":
    def make(key: str, literal: Value) -> Test:
        if isinstance(literal, str):
            return _string(key, lambda value: strings(value, literal))
        return numbers(key, literal)

    return make


# The four orders of numbers are written out: a call inside each would cost a third of the test.


def _less(key: str, literal: Any) -> Test:
    def test(members: Object) -> Truth:
        value = members.get(key, MISSING)
        found = type(value)
        if found is float:
            truth: bool = value < literal
            return truth if FLOAT_LOW <= value <= FLOAT_HIGH else _beyond(value, truth)
        if found is int:
            truth = value < literal
            return truth if SAFE_LOW <= value <= SAFE_HIGH else _beyond(value, truth)
        return False if value is MISSING else MISMATCH

    return test


def _at_most(key: str, literal: Any) -> Test:
    def test(members: Object) -> Truth:
        value = members.get(key, MISSING)
        found = type(value)
        if found is float:
            truth: bool = value <= literal
            return truth if FLOAT_LOW <= value <= FLOAT_HIGH else _beyond(value, truth)
        if found is int:
            truth = value <= literal
            return truth if SAFE_LOW <= value <= SAFE_HIGH else _beyond(value, truth)
        return False if value is MISSING else MISMATCH

    return test


def _more(key: str, literal: Any) -> Test:
    def test(members: Object) -> Truth:
        value = members.get(key, MISSING)
        found = type(value)
        if found is float:
            truth: bool = value > literal
            return truth if FLOAT_LOW <= value <= FLOAT_HIGH else _beyond(value, truth)
        if found is int:
            truth = value > literal
            return truth if SAFE_LOW <= value <= SAFE_HIGH else _beyond(value, truth)
        return False if value is MISSING else MISMATCH

    return test


def _at_least(key: str, literal: Any) -> Test:
    def test(members: Object) -> Truth:
        value = members.get(key, MISSING)
        found = type(value)
        if found is float:
            truth: bool = value >= literal
            return truth if FLOAT_LOW <= value <= FLOAT_HIGH else _beyond(value, truth)
        if found is int:
            truth = value >= literal
            return truth if SAFE_LOW <= value <= SAFE_HIGH else _beyond(value, truth)
        return False if value is MISSING else MISMATCH

    return test


def _beyond(number: int | float, truth: bool) -> Truth:
    """The truth about a number past the safe integers, unless servers round it differently."""
    return MISMATCH if SMALLEST_64_BIT <= number <= LARGEST_64_BIT else truth


Maker = Callable[[str, Value], Test]

NEGATIONS = {
    Operator.NEQ: Operator.EQ,
    Operator.NOT_IN: Operator.IN,
    Operator.NOT_REGEX: Operator.REGEX,
    Operator.NOT_CONTAINS: Operator.CONTAINS,
}

MAKERS: dict[Operator, Maker] = {
    Operator.EQ: _eq,
    Operator.LT: _ordered(_less, operator.lt),
    Operator.LTE: _ordered(_at_most, operator.le),
    Operator.GT: _ordered(_more, operator.gt),
    Operator.GTE: _ordered(_at_least, operator.ge),
    Operator.IN: _in,
    Operator.EXISTS: _exists,
    Operator.CONTAINS: _contains,
    Operator.STARTS_WITH: _starts_with,
    Operator.ENDS_WITH: _ends_with,
    Operator.LENGTH_LTE: _length(operator.le),
    Operator.LENGTH_GTE: _length(operator.ge),
}
