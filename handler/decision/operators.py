"""Each operator as a test of one member of an object, specialised for its literal.

Must not know paths, rules or policies. A test answers whether its condition counts against the
call, so the same operator is one test where it is required and another where it denies.
"""

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from compiler.policy import Operator
from compiler.values import Value, equal, is_readable, kind
from handler.decision.answers import MISMATCH, MISSING, Answer, Answers, Maker, Object, Test
from handler.decision.numbers import in_order

if TYPE_CHECKING:
    from compiler.regex.run import Dfa


def member_test(
    op: Operator, literal: Value, automaton: "Dfa | None", required: bool, key: str
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
    part = literal if type(literal) is str else None
    word = kind(literal)

    def test(members: Object) -> Answer:
        value = members.get(key, MISSING)
        if type(value) is str and part is not None:
            return yes if part in value else no
        if type(value) is list and is_readable(value):
            if any(equal(element, literal) for element in value):
                return yes
            return no if all(kind(element) == word for element in value) else MISMATCH
        return missing if value is MISSING else MISMATCH

    return test


def _length(compare: Callable[[Any, Any], bool]) -> Maker:
    def make(key: str, literal: Value, answers: Answers) -> Test:
        yes, no, missing = answers

        def test(members: Object) -> Answer:
            value = members.get(key, MISSING)
            if type(value) is str or type(value) is list:
                return yes if compare(len(value), literal) else no
            return missing if value is MISSING else MISMATCH

        return test

    return make


def _ordered(compare: Callable[[Any, Any], bool], *, below: bool, holds: bool) -> Maker:
    numbers = in_order(compare, below=below, holds=holds)

    def make(key: str, literal: Value, answers: Answers) -> Test:
        if isinstance(literal, str):
            return _string(key, lambda value: compare(value, literal), answers)
        return numbers(key, literal, answers)

    return make


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
