"""Each operator as a test of one member of an object, specialised for its literal and its rules.

Must not know paths, rules or policies. A test answers whether its condition counts against the
call: False, True, or, where the value is of a type the operator does not compare, a mismatch. A
mismatch is truthy, since in every list of rules it counts against the call.
"""

import operator
from collections.abc import Callable, Mapping
from enum import Enum
from functools import partial
from typing import Any, TypeAlias

from compiler.policy import Operator
from compiler.regex.run import Dfa
from compiler.values import SAFE_INTEGER, Value, equal, is_comparable, is_readable, kind


class Mismatch(Enum):
    """The third answer: the value is there, and it is not of a type the operator compares."""

    MISMATCH = "mismatch"


MISMATCH = Mismatch.MISMATCH

Answer: TypeAlias = bool | Mismatch
Object = Mapping[str, Any]
Test = Callable[[Object], Answer]
"""Of an object, about its member with the key the test was made for."""

Answers = tuple[Answer, Answer, Answer]
"""What to answer where the operator holds, where it does not, and where the member is missing."""


class Missing(Enum):
    """What is found where there is no such member."""

    MISSING = "missing"


MISSING = Missing.MISSING


def member_test(
    op: Operator, literal: Value, automaton: Dfa | None, required: bool, key: str
) -> Test:
    """The test of the member `key` by one operator. `automaton` is a pattern's, else None.

    What is required counts against the call unless it is true, everything else where it is true.
    """
    negated = op in NEGATIONS
    missing = MISMATCH if negated else required
    answers = negated == required, negated != required, missing
    if automaton is not None:
        return _string(key, automaton.search, answers)
    return MAKERS[NEGATIONS.get(op, op)](key, literal, answers)


def _exists(key: str, literal: Value, answers: Answers) -> Test:
    there, gone = answers[:2] if literal else answers[1::-1]
    return lambda members: gone if members.get(key) is None else there


def _eq(key: str, literal: Value, answers: Answers) -> Test:
    if type(literal) is str:
        return _equal_string(key, literal, answers)
    yes, no, missing = answers
    word = kind(literal)

    def test(members: Object) -> Answer:
        value = members.get(key, MISSING)
        if value is MISSING:
            return missing
        if kind(value) != word or not is_readable(value):
            return MISMATCH
        return yes if equal(value, literal) else no

    return test


def _equal_string(key: str, literal: str, answers: Answers) -> Test:
    yes, no, missing = answers

    def test(members: Object) -> Answer:
        value = members.get(key, MISSING)
        if type(value) is str:
            return yes if value == literal else no
        return missing if value is MISSING else MISMATCH

    return test


def _in(key: str, literal: Value, answers: Answers) -> Test:
    listed = literal if isinstance(literal, list) else []
    kinds = frozenset(map(kind, listed))
    if kinds == {"string"}:
        return _in_strings(key, frozenset(map(str, listed)), answers)
    yes, no, missing = answers

    def test(members: Object) -> Answer:
        value = members.get(key, MISSING)
        if value is MISSING:
            return missing
        if kind(value) not in kinds or not is_readable(value):
            return MISMATCH
        return yes if any(equal(value, element) for element in listed) else no

    return test


def _in_strings(key: str, listed: frozenset[str], answers: Answers) -> Test:
    yes, no, missing = answers

    def test(members: Object) -> Answer:
        value = members.get(key, MISSING)
        if type(value) is str:
            return yes if value in listed else no
        return missing if value is MISSING else MISMATCH

    return test


def _string(key: str, holds: Callable[[str], bool], answers: Answers) -> Test:
    """For the operators that read strings only."""
    yes, no, missing = answers

    def test(members: Object) -> Answer:
        value = members.get(key, MISSING)
        if type(value) is str:
            return yes if holds(value) else no
        return missing if value is MISSING else MISMATCH

    return test


def _starts_with(key: str, literal: Value, answers: Answers) -> Test:
    return _string(key, lambda value: value.startswith(str(literal)), answers)


def _ends_with(key: str, literal: Value, answers: Answers) -> Test:
    return _string(key, lambda value: value.endswith(str(literal)), answers)


def _contains(key: str, literal: Value, answers: Answers) -> Test:
    """A string is contained in strings and in lists, anything else in lists."""
    yes, no, missing = answers
    part, word = str(literal), kind(literal)
    whole = str if type(literal) is str else list

    def test(members: Object) -> Answer:
        value = members.get(key, MISSING)
        found = type(value)
        if found is str and whole is str:
            return yes if part in value else no
        if found is list and is_readable(value):
            if any(equal(element, literal) for element in value):
                return yes
            return no if all(kind(element) == word for element in value) else MISMATCH
        return missing if value is MISSING else MISMATCH

    return test


def _length(compare: Callable[[Any, Any], bool]) -> "Maker":
    def make(key: str, literal: Value, answers: Answers) -> Test:
        yes, no, missing = answers

        def test(members: Object) -> Answer:
            value = members.get(key, MISSING)
            if type(value) is str or type(value) is list:
                return yes if compare(len(value), literal) else no
            return missing if value is MISSING else MISMATCH

        return test

    return make


def _ordered(compare: Callable[[Any, Any], bool], below: bool, holds: bool) -> "Maker":
    """An order: whether it holds for the numbers up to the literal, or for those from it on."""

    def make(key: str, literal: Any, answers: Answers) -> Test:
        if isinstance(literal, str):
            return _string(key, lambda value: compare(value, literal), answers)
        low, high = (-SAFE_INTEGER, literal) if below else (literal, SAFE_INTEGER)
        ends = max(low, -SAFE_INTEGER), min(high, SAFE_INTEGER)
        inside = answers[0] if holds else answers[1]
        return _number(key, ends, inside, partial(_compared, compare, literal, answers), answers[2])

    return make


def _number(
    key: str,
    ends: tuple[Any, Any],
    inside: Answer,
    otherwise: Callable[[int | float], Answer],
    missing: Answer,
) -> Test:
    """`inside` for the numbers from the one end to the other; any other number is compared.

    Both ends are numbers that servers read alike, and exact as floats too: those compare with
    floats four times as fast as integers do.
    """
    low, high = ends
    float_low, float_high = map(float, ends)

    def test(members: Object) -> Answer:
        value = members.get(key, MISSING)
        found = type(value)
        if found is int:
            return inside if low <= value <= high else otherwise(value)
        if found is float:
            return inside if float_low <= value <= float_high else otherwise(value)
        return missing if value is MISSING else MISMATCH

    return test


def _compared(
    compare: Callable[[Any, Any], bool], literal: Value, answers: Answers, number: int | float
) -> Answer:
    if not is_comparable(number):
        return MISMATCH
    return answers[0] if compare(number, literal) else answers[1]


Maker = Callable[[str, Value, Answers], Test]

NEGATIONS = {
    Operator.NEQ: Operator.EQ,
    Operator.NOT_IN: Operator.IN,
    Operator.NOT_REGEX: Operator.REGEX,
    Operator.NOT_CONTAINS: Operator.CONTAINS,
}

MAKERS: dict[Operator, Maker] = {
    Operator.EQ: _eq,
    Operator.LT: _ordered(operator.lt, below=False, holds=False),
    Operator.LTE: _ordered(operator.le, below=True, holds=True),
    Operator.GT: _ordered(operator.gt, below=True, holds=False),
    Operator.GTE: _ordered(operator.ge, below=False, holds=True),
    Operator.IN: _in,
    Operator.EXISTS: _exists,
    Operator.CONTAINS: _contains,
    Operator.STARTS_WITH: _starts_with,
    Operator.ENDS_WITH: _ends_with,
    Operator.LENGTH_LTE: _length(operator.le),
    Operator.LENGTH_GTE: _length(operator.ge),
}
