"""From the rows of one entry to closures: what is asked of each call of its tools.

Must not know calls. Made when a tool is first called, and kept by the engine.
"""

import json
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

from compiler.frozen import dataclass
from compiler.ir import ConditionRow, HoldRow, LimitRow, RuleRow
from compiler.policy import Path, Root, Step
from compiler.table.read import Table
from compiler.verdict import Charge, Effect, Place, Verdict
from handler.decision.answers import MISMATCH, Object, Test
from handler.decision.charges import Source, Taking, taking
from handler.decision.operators import member_test
from handler.decision.paths import along

if TYPE_CHECKING:
    from compiler.regex.run import Dfa

MOST_SHARED = 4096
"""How many shared rows of a kind stay decoded."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition, ready to be asked."""

    test: Test
    mismatch: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of `require`, `deny_if` or `approve_if`."""

    row: RuleRow | HoldRow
    conditions: tuple[Condition, ...]

    def counts(self, facts: Object) -> bool:
        """Whether all conditions count against the call; then what denies or holds does so."""
        return all(condition.test(facts) for condition in self.conditions)

    def mismatch(self, facts: Object) -> str:
        """The sentence of the first condition that is a mismatch, or empty."""
        mismatches = (c.mismatch for c in self.conditions if c.test(facts) is MISMATCH)
        return next(mismatches, "")


@dataclass(frozen=True, slots=True)
class Plan:
    """All that calls of one tool, or of all tools of one entry, must pass, in the order asked."""

    tests: tuple[Test, ...]
    """Of each rule of `require` the test of each condition, then of each rule of `deny_if` one of
    all its conditions: the first that counts against the call denies it."""
    require: tuple[Rule, ...]
    deny_if: tuple[Rule, ...]
    """The rules that those tests are of, for what a denial says."""
    approve_if: tuple[Rule, ...]
    takings: tuple[Charge | Taking, ...]
    settled: Verdict | None
    """The verdict on what the tests let through, where it is the same for every call."""
    args_only: bool
    """Whether the tests take the arguments, or the three roots by their names."""


def denying(place: Place, message: str) -> Plan:
    """The plan by which no call passes."""
    return Plan((), (), (), (), (), Verdict(Effect.DENY, place, message), args_only=True)


class Rows(NamedTuple):
    """The rows of one entry."""

    require: tuple[RuleRow, ...]
    deny_if: tuple[RuleRow, ...]
    approve_if: tuple[HoldRow, ...]
    limits: tuple[LimitRow, ...]


class Planner:
    """Makes plans from a table. Rows that many entries share are decoded once."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._path = lru_cache(MOST_SHARED)(table.path)
        self._condition = lru_cache(MOST_SHARED)(table.condition)
        self._automaton = lru_cache(MOST_SHARED)(lambda i: _decoded(table.automaton(i)))

    def plan(self, entry: int) -> Plan:
        """The plan of the table's entry with this index."""
        table, row = self._table, self._table.entry(entry)
        requiring, refusing = map(table.rule, row.require), map(table.rule, row.deny_if)
        rows = Rows(
            tuple(requiring),
            tuple(refusing),
            tuple(map(table.hold, row.approve_if)),
            tuple(map(table.limit, row.limits)),
        )
        args_only = self._roots(rows) <= {Root.ARGS}
        require = [self._rule(rule, args_only, required=True) for rule in rows.require]
        deny_if = [self._rule(rule, args_only, required=False) for rule in rows.deny_if]
        approve_if = [self._rule(rule, args_only, required=False) for rule in rows.approve_if]
        takings = tuple(self._taking(limit, args_only) for limit in rows.limits)
        charges = tuple(taking for taking in takings if isinstance(taking, Charge))
        always = not approve_if and len(charges) == len(takings)
        required = (condition.test for rule in require for condition in rule.conditions)
        return Plan(
            tests=(*required, *map(_together, deny_if)),
            require=tuple(require),
            deny_if=tuple(deny_if),
            approve_if=tuple(approve_if),
            takings=takings,
            settled=Verdict(Effect.ALLOW, None, charges=charges) if always else None,
            args_only=args_only,
        )

    def _roots(self, rows: Rows) -> set[Root]:
        """Where the paths of an entry start."""
        lists = [row.conditions for row in (*rows.require, *rows.deny_if)]
        lists += [row.conditions for row in rows.approve_if]
        paths = {self._condition(index).path for indices in lists for index in indices}
        for limit in rows.limits:
            paths.update(limit.per)
            paths.update(() if limit.increment_from is None else (limit.increment_from,))
        return {self._path(index).root for index in paths}

    def _rule(self, row: RuleRow | HoldRow, args_only: bool, required: bool) -> Rule:
        conditions = map(self._condition, row.conditions)
        return Rule(row, tuple(self._asked(each, args_only, required) for each in conditions))

    def _asked(self, row: ConditionRow, args_only: bool, required: bool) -> Condition:
        automaton = None if row.automaton is None else self._automaton(row.automaton)
        literal = json.loads(self._table.value(row.value))
        make = partial(member_test, row.operator, literal, automaton, required)
        steps = _steps(self._path(row.path), args_only)
        return Condition(along(steps, make), row.mismatch)

    def _taking(self, row: LimitRow, args_only: bool) -> Charge | Taking:
        source = None if row.increment_from is None else self._source(row.increment_from, args_only)
        return taking(row, source, [self._source(index, args_only) for index in row.per])

    def _source(self, index: int, args_only: bool) -> Source:
        path = self._path(index)
        return path, _steps(path, args_only)


def _decoded(automaton: bytes) -> "Dfa":
    from compiler.regex.run import Dfa  # only for policies with patterns

    return Dfa.decode(automaton)


def _steps(path: Path, args_only: bool) -> tuple[Step, ...]:
    """The steps of a path from what the plan's tests take."""
    return path.steps if args_only else (path.root.value, *path.steps)


def _together(rule: Rule) -> Test:
    """One test of all conditions of a rule."""
    return rule.conditions[0].test if len(rule.conditions) == 1 else rule.counts
