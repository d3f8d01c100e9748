"""From the rows of one entry to closures: what is asked of each call of its tools.

Must not know calls. Made when a tool is first called, and kept by the engine.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial

from compiler.ir import ConditionRow, EntryRow, HoldRow, RuleRow
from compiler.regex.run import Dfa
from compiler.table.read import Table
from compiler.verdict import Charge, Effect, Verdict
from handler.decision.charges import Taking, taking
from handler.decision.facts import ARGS, ROOTS, Roots
from handler.decision.operators import MISMATCH, Test, member_test
from handler.decision.paths import along

MOST_AUTOMATA = 1024


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition, ready to be asked of the root with this index."""

    root: int
    test: Test
    mismatch: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of `require`, `deny_if` or `approve_if`."""

    row: RuleRow | HoldRow
    conditions: tuple[Condition, ...]

    def mismatch(self, roots: Roots) -> str:
        """The sentence of the first condition that is a mismatch, or empty."""
        mismatches = (c.mismatch for c in self.conditions if c.test(roots[c.root]) is MISMATCH)
        return next(mismatches, "")


Asked = tuple[int, Test]
"""A condition in the form that is quickest to ask."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that the calls one entry serves must pass, in the order it is asked."""

    require: tuple[tuple[int, Test, Rule, str], ...]
    """The conditions of all rules, each with the sentence of its mismatch: the first that is not
    true denies."""
    deny_if: tuple[tuple[tuple[Asked, ...], Rule], ...]
    approve_if: tuple[tuple[tuple[Asked, ...], Rule], ...]
    takings: tuple[Charge | Taking, ...]
    allowed: Verdict | None
    """The allowance, where it is the same for every call."""
    args_only: bool
    """Whether no path starts at the grant or the time."""


class Planner:
    """Makes plans from a table."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._automaton = lru_cache(MOST_AUTOMATA)(lambda i: Dfa.decode(table.automaton(i)))

    def plan(self, entry: int) -> Plan:
        """The plan of the table's entry with this index."""
        table, row = self._table, self._table.entry(entry)
        require = self._rules(row.require, table.rule, good=True)
        deny_if = self._rules(row.deny_if, table.rule, good=False)
        approve_if = self._rules(row.approve_if, table.hold, good=False)
        takings = tuple(taking(table, table.limit(index)) for index in row.limits)
        charges = tuple(taking for taking in takings if isinstance(taking, Charge))
        always = not approve_if and len(charges) == len(takings)
        return Plan(
            require=tuple(
                (c.root, c.test, rule, c.mismatch) for rule in require for c in rule.conditions
            ),
            deny_if=tuple((_asked(rule), rule) for rule in deny_if),
            approve_if=tuple((_asked(rule), rule) for rule in approve_if),
            takings=takings,
            allowed=Verdict(Effect.ALLOW, None, "", charges) if always else None,
            args_only=self._roots(row) <= {ARGS},
        )

    def _rules(
        self,
        indices: Iterable[int],
        row: Callable[[int], RuleRow] | Callable[[int], HoldRow],
        good: bool,
    ) -> list[Rule]:
        return [self._rule(row(index), good) for index in indices]

    def _rule(self, row: RuleRow | HoldRow, good: bool) -> Rule:
        rows = map(self._table.condition, row.conditions)
        return Rule(row, tuple(self._condition(condition, good) for condition in rows))

    def _condition(self, row: ConditionRow, good: bool) -> Condition:
        path = self._table.path(row.path)
        automaton = None if row.automaton is None else self._automaton(row.automaton)
        literal = json.loads(self._table.value(row.value))
        make = partial(member_test, row.operator, literal, automaton)
        return Condition(ROOTS.index(path.root), along(path.steps, make, good), row.mismatch)

    def _roots(self, row: EntryRow) -> set[int]:
        """Where the paths of an entry start."""
        table = self._table
        rules: list[RuleRow | HoldRow] = [*map(table.rule, (*row.require, *row.deny_if))]
        rules.extend(map(table.hold, row.approve_if))
        paths = {table.condition(index).path for rule in rules for index in rule.conditions}
        for limit in map(table.limit, row.limits):
            paths.update(limit.per)
            paths.update(() if limit.increment_from is None else (limit.increment_from,))
        return {ROOTS.index(table.path(index).root) for index in paths}


def _asked(rule: Rule) -> tuple[Asked, ...]:
    return tuple((condition.root, condition.test) for condition in rule.conditions)
