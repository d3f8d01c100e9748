"""The way along a path to the value that is tested.

Must not know operators or rules. A key that is not there, a step into null and the end of a list
lead to a missing value; a step into anything else that has no such parts is a mismatch.
"""

from collections.abc import Callable, Sequence
from typing import Any

from compiler.policy import Step
from handler.decision.answers import MISMATCH, MISSING, Answer, Object, Test

At = Callable[[Any], Answer]
"""A test of what a step leads to: a value, or MISSING."""

NOTHING: Object = {}
"""An object without the member."""


def along(steps: Sequence[Step], make: Callable[[str], Test]) -> Test:
    """The test of a root object that follows the steps. `make` makes the test of a member.

    With `[*]` the first element that counts against the call answers for all.
    """
    first, *rest = steps
    return _key(first, rest, make) if isinstance(first, str) else _at(steps, make)


def _key(key: str, rest: Sequence[Step], make: Callable[[str], Test]) -> Test:
    if not rest:
        return make(key)
    if not isinstance(rest[0], str):
        onward = _at(rest, make)
        return lambda members: onward(members.get(key, MISSING))
    inner = _key(rest[0], rest[1:], make)

    def test(members: Object) -> Answer:
        value = members.get(key)
        if type(value) is dict:
            return inner(value)
        return inner(NOTHING) if value is None else MISMATCH

    return test


def _at(steps: Sequence[Step], make: Callable[[str], Test]) -> At:
    """The test of the value that the remaining steps start from."""
    if not steps:
        member = make("")
        return lambda value: member(NOTHING if value is MISSING else {"": value})
    step, *rest = steps
    onward = _at(rest, make)
    if isinstance(step, str):
        return _into_key(step, onward)
    return _into_index(step, onward) if isinstance(step, int) else _into_every(onward)


def _into_key(key: str, onward: At) -> At:
    def test(value: Any) -> Answer:
        if type(value) is dict:
            return onward(value.get(key, MISSING))
        return onward(MISSING) if value is None or value is MISSING else MISMATCH

    return test


def _into_index(index: int, onward: At) -> At:
    def test(value: Any) -> Answer:
        if type(value) is list:
            return onward(value[index] if index < len(value) else MISSING)
        return onward(MISSING) if value is None or value is MISSING else MISMATCH

    return test


def _into_every(onward: At) -> At:
    """An empty list is a missing value; anything but a list, null too, is a mismatch."""

    def test(value: Any) -> Answer:
        if value is MISSING or value == []:
            return onward(MISSING)
        if type(value) is not list:
            return MISMATCH
        return next((answer for answer in map(onward, value) if answer), False)

    return test
