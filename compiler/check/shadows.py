"""Rules that decide nothing, since others before them have decided each of their calls already.

Understood are rules that repeat conditions, and bounds: after `deny_if` `gt` 100 nothing is left
for `gt` 500, nor for an `approve_if` `gt` 500. Must not know what else could be shown about calls.
"""

import json

from compiler.check.sections import Section
from compiler.diagnostics import Report
from compiler.policy import ApprovalRule, Condition, Operator, Path, Root, Rule, Rules, Step
from compiler.truth import Truth, test
from compiler.values import Value, equal, kind

FAILING = {
    Operator.LT: Operator.GTE,
    Operator.LTE: Operator.GT,
    Operator.GT: Operator.LTE,
    Operator.GTE: Operator.LT,
}
"""What is true of the values for which a comparison is false."""

UPWARDS = (Operator.GT, Operator.GTE)
STRICT = (Operator.GT, Operator.LT)

Place = tuple[Root, tuple[Step, ...], bool, str]
"""What is bounded, whether upwards, and the kind of value."""


class _Bounds:
    """Values that are denied: for each place all beyond the widest bound, and all other kinds."""

    def __init__(self) -> None:
        self._widest: dict[Place, tuple[Operator, Value]] = {}

    def add(self, path: Path, operator: Operator | None, value: Value) -> None:
        """Denied is what the operator is true of, and what it cannot be compared with."""
        if operator in FAILING and not self._bounds(path, operator, value):
            self._widest[_place(path, operator, value)] = operator, value

    def hold(self, path: Path, operator: Operator | None, value: Value) -> bool:
        """Whether all is denied that the operator is true of, or cannot be compared with."""
        if operator in FAILING:
            return self._bounds(path, operator, value)
        listed = value if operator is Operator.IN and isinstance(value, list) else [value]
        return operator in (Operator.EQ, Operator.IN) and any(
            self._pass(path, upwards, [one for one in listed if kind(one) == name])
            for name in dict.fromkeys(map(kind, listed))
            for upwards in (Operator.GT, Operator.LT)
        )

    def _bounds(self, path: Path, operator: Operator, value: Value) -> bool:
        known = self._widest.get(_place(path, operator, value))
        if known is None:
            return False
        bound, at = known
        if equal(value, at):
            return bound not in STRICT or operator in STRICT
        return test(bound, value, at) is Truth.TRUE

    def _pass(self, path: Path, upwards: Operator, values: list[Value]) -> bool:
        """Whether values of one kind, which are not none, are all beyond the bound."""
        known = self._widest.get(_place(path, upwards, values[0]))
        if known is None:
            return False
        bound, at = known
        return all(test(bound, one, at) is Truth.TRUE for one in values)


def _place(path: Path, operator: Operator, value: Value) -> Place:
    return path.root, path.steps, operator in UPWARDS, kind(value)


def check_shadowed(section: Section, report: Report) -> None:
    """The rules of a section, in the order in which they decide."""
    if section.rules == Rules():
        return
    bounds = _Bounds()
    _check_require(section, bounds, report)
    _check_deny_if(section, bounds, report)
    for rule in section.rules.approve_if:
        if any(bounds.hold(one.path, one.operator, one.value) for one in rule.conditions):
            _shadowed(rule, report)


def _check_require(section: Section, bounds: _Bounds, report: Report) -> None:
    """A value that `require` does not want, a missing one too, is as good as denied."""
    seen: set[str] = set()
    for index, rule in enumerate(section.require):
        failing = [(one.path, FAILING.get(one.operator), one.value) for one in rule.conditions]
        keys = [_key(one) for one in rule.conditions]
        settled = all(
            key in seen or bounds.hold(*fails) for key, fails in zip(keys, failing, strict=True)
        )
        if keys and settled and index >= len(section.everywhere.require):
            _shadowed(rule, report)
        seen.update(keys)
        for fails in failing:
            bounds.add(*fails)


def _check_deny_if(section: Section, bounds: _Bounds, report: Report) -> None:
    seen: set[frozenset[str]] = set()
    for index, rule in enumerate(section.deny_if):
        asked = [(one.path, one.operator, one.value) for one in rule.conditions]
        found = frozenset(map(_key, rule.conditions))
        before = [found, *(frozenset([key]) for key in found)]
        settled = not seen.isdisjoint(before) or any(bounds.hold(*one) for one in asked)
        if found and settled and index >= len(section.everywhere.deny_if):
            _shadowed(rule, report)
        seen.add(found)
        if len(asked) == 1:
            bounds.add(*asked[0])


def _key(condition: Condition) -> str:
    return json.dumps([condition.path.text, condition.operator, condition.value])


def _shadowed(rule: Rule | ApprovalRule, report: Report) -> None:
    message = "a rule before this one decides every call that this one would"
    report.add("W103", rule.span, message, "remove it")


CHECKS = (check_shadowed,)
