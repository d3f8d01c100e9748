"""The orders of numbers, as tests of one member of an object.

Must not know the other operators. Numbers compare exactly; an integer that some servers round is a
mismatch.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from compiler.values import SAFE_INTEGER, is_comparable
from handler.decision.answers import MISMATCH, MISSING, Answer, Answers, Maker, Object, Test

Number = int | float
Compare = Callable[[Any, Any], bool]


def in_order(compare: Compare, *, below: bool, holds: bool) -> Maker:
    """Of `compare`: whether it `holds` from the literal down (`below`), or else up.

    What it says of one side is known before, for the integers that every server reads alike and
    all between them; any other number is compared when it is met.
    """

    def make(key: str, literal: Any, answers: Answers) -> Test:
        low, high = (-SAFE_INTEGER, literal) if below else (literal, SAFE_INTEGER)
        ends = max(low, -SAFE_INTEGER), min(high, SAFE_INTEGER)
        known = answers[0] if holds else answers[1]
        return _within(key, ends, known, partial(_compared, compare, literal, answers), answers[2])

    return make


def _within(
    key: str,
    ends: tuple[Number, Number],
    known: Answer,
    otherwise: Callable[[Number], Answer],
    missing: Answer,
) -> Test:
    """`known` for the numbers from the one end to the other, which may be none.

    Floats compare with floats four times as fast as with integers; each end is exact as both.
    """
    low, high = ends
    float_low, float_high = map(float, ends)

    def test(members: Object) -> Answer:
        value = members.get(key, MISSING)
        found = type(value)
        if found is int:
            return known if low <= value <= high else otherwise(value)
        if found is float:
            return known if float_low <= value <= float_high else otherwise(value)
        return missing if value is MISSING else MISMATCH

    return test


def _compared(compare: Compare, literal: Number, answers: Answers, number: Number) -> Answer:
    if not is_comparable(number):
        return MISMATCH
    return answers[0] if compare(number, literal) else answers[1]
