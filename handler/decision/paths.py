"""The way along a path to the value that is tested or charged.

Must not know operators or rules. What a step meets: a key that is not there, null, or the end of a
list is a missing value; anything but an object (for an index: a list) is a mismatch.
"""

from collections.abc import Callable, Sequence
from typing import Any

from compiler.policy import Step
from handler.decision.operators import MISMATCH, MISSING, Object, Test, Truth

At = Callable[[Any], Truth]
"""A test of what a step leads to: a value, or MISSING."""

NOTHING: Object = {}
"""An object without the member."""

Worst = Callable[[Truth, Truth], Truth]
"""Of two answers the one that is worse for the call."""


def worst_required(one: Truth, other: Truth) -> Truth:
    """In a `require`, where only true is good."""
    return other if one is True else one


def worst_refused(one: Truth, other: Truth) -> Truth:
    """In a `deny_if` or an `approve_if`, where only false is good."""
    return other if one is False else one


def along(steps: Sequence[Step], make: Callable[[str], Test], worst: Worst) -> Test:
    """The test of a root object that follows the steps. `make` makes the test of a member."""
    first, *rest = steps
    return _key(first, rest, make, worst) if isinstance(first, str) else _at(steps, make, worst)


def _key(key: str, rest: Sequence[Step], make: Callable[[str], Test], worst: Worst) -> Test:
    if not rest:
        return make(key)
    if not isinstance(rest[0], str):
        onward = _at(rest, make, worst)
        return lambda members: onward(members.get(key))
    inner = _key(rest[0], rest[1:], make, worst)

    def test(members: Object) -> Truth:
        value = members.get(key)
        if type(value) is dict:
            return inner(value)
        return inner(NOTHING) if value is None else MISMATCH

    return test


def _at(steps: Sequence[Step], make: Callable[[str], Test], worst: Worst) -> At:
    """The test of the value that the remaining steps start from."""
    if not steps:
        member = make("")
        return lambda value: member(NOTHING if value is MISSING else {"": value})
    step, *rest = steps
    onward = _at(rest, make, worst)
    if isinstance(step, str):
        return _through(dict, lambda members: onward(members.get(step, MISSING)), onward)
    if isinstance(step, int):
        return _through(
            list, lambda items: onward(items[step] if step < len(items) else MISSING), onward
        )
    return _through(list, lambda items: _of_all(items, onward, worst), onward)


def _through(container: type, step: At, onward: At) -> At:
    """One step from a value, where the value is of the type the step needs."""

    def test(value: Any) -> Truth:
        if type(value) is container:
            return step(value)
        return onward(MISSING) if value is None or value is MISSING else MISMATCH

    return test


def _of_all(items: list[Any], test: At, worst: Worst) -> Truth:
    """The worst answer of all elements; an empty list is a missing value."""
    if not items:
        return test(MISSING)
    truth = test(items[0])
    for item in items[1:]:
        truth = worst(truth, test(item))
    return truth
