"""The policy as a program: lists flattened, names and messages made, patterns compiled.

Must not know JSON text, tables or engines. The policy has passed `check`.
"""

import json
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

from compiler import names, regex
from compiler.globs import literal_length
from compiler.ir import ConditionRow, EntryRow, HoldRow, LimitRow, Program, RuleRow
from compiler.names import RuleList
from compiler.policy import (
    PATTERNS,
    ApprovalRule,
    Condition,
    Default,
    Limit,
    Path,
    Policy,
    Rule,
    Rules,
)
from compiler.verdict import Place

WRITTEN = json.JSONEncoder(separators=(",", ":"))

Row = TypeVar("Row", bound=Hashable)


def lower(policy: Policy) -> Program:
    """The program of a policy. The same policy gives the same program, whatever ran before."""
    return _Lowering().program(policy)


class _Rows(Generic[Row]):
    """Rows in the order they were first seen, each once."""

    def __init__(self) -> None:
        self._indices: dict[Row, int] = {}

    def add(self, row: Row) -> int:
        return self._indices.setdefault(row, len(self._indices))

    def all(self) -> tuple[Row, ...]:
        return tuple(self._indices)


class _Lowering:
    """The rows of one program while it is made."""

    def __init__(self) -> None:
        self.rules: _Rows[RuleRow] = _Rows()
        self.holds: _Rows[HoldRow] = _Rows()
        self.limits: _Rows[LimitRow] = _Rows()
        self.conditions: _Rows[ConditionRow] = _Rows()
        self.paths: _Rows[Path] = _Rows()
        self.values: _Rows[str] = _Rows()
        self.automata: _Rows[bytes] = _Rows()
        self.compiled: dict[str, int] = {}

    def program(self, policy: Policy) -> Program:
        everywhere = self.entry(None, policy.all_tools)
        exact = sorted((e for e in policy.tools if not e.is_glob), key=lambda entry: entry.name)
        globs = sorted(
            (e for e in policy.tools if e.is_glob), key=lambda entry: -literal_length(entry.name)
        )
        served = [_after(everywhere, self.entry(e.name, e.rules)) for e in (*exact, *globs)]
        return Program(
            hide=tuple(sorted(policy.hide)),
            entries=tuple(served),
            globs_from=len(exact),
            unlisted=everywhere if policy.default is Default.ALLOW else None,
            rules=self.rules.all(),
            holds=self.holds.all(),
            limits=self.limits.all(),
            conditions=self.conditions.all(),
            paths=self.paths.all(),
            values=self.values.all(),
            automata=self.automata.all(),
        )

    def entry(self, name: str | None, rules: Rules) -> EntryRow:
        """One entry's own rows. `name` is None for all_tools."""
        return EntryRow(
            name=name or "",
            require=self.rule_rows(name, RuleList.REQUIRE, rules.require),
            deny_if=self.rule_rows(name, RuleList.DENY_IF, rules.deny_if),
            approve_if=tuple(self.hold(name, i, rule) for i, rule in enumerate(rules.approve_if)),
            limits=tuple(self.limit(name, i, limit) for i, limit in enumerate(rules.limits)),
        )

    def rule_rows(self, name: str | None, kind: RuleList, rules: Iterable[Rule]) -> tuple[int, ...]:
        return tuple(
            self.rules.add(
                RuleRow(
                    place=_place(name, kind, index, rule),
                    conditions=self.condition_rows(rule.conditions),
                    written=rule.message,
                )
            )
            for index, rule in enumerate(rules)
        )

    def hold(self, name: str | None, index: int, rule: ApprovalRule) -> int:
        return self.holds.add(
            HoldRow(
                place=_place(name, RuleList.APPROVE_IF, index, rule),
                conditions=self.condition_rows(rule.conditions),
                written=rule.reason,
                approvers=rule.approvers,
                quorum=rule.quorum,
                expires_in=rule.expires_in,
                mail_arguments=rule.mail_arguments,
            )
        )

    def limit(self, name: str | None, index: int, limit: Limit) -> int:
        source = limit.increment_from
        return self.limits.add(
            LimitRow(
                place=Place(names.limit_name(name, limit.counter), index, limit.span.line),
                owner=names.owner(name, limit.shared),
                counter=limit.counter,
                window=limit.window,
                scope=limit.scope,
                maximum=limit.maximum,
                increment_from=None if source is None else self.paths.add(source),
                per=tuple(map(self.paths.add, limit.per)),
                shards=limit.shards,
                message=names.limit_message(limit),
            )
        )

    def condition_rows(self, conditions: Iterable[Condition]) -> tuple[int, ...]:
        return tuple(map(self.condition, conditions))

    def condition(self, condition: Condition) -> int:
        return self.conditions.add(
            ConditionRow(
                path=self.paths.add(condition.path),
                operator=condition.operator,
                value=self.values.add(WRITTEN.encode(condition.value)),
                automaton=self.automaton(condition),
                mismatch=names.mismatch_message(condition),
            )
        )

    def automaton(self, condition: Condition) -> int | None:
        if condition.operator not in PATTERNS:
            return None
        pattern = str(condition.value)
        if pattern not in self.compiled:
            self.compiled[pattern] = self.automata.add(regex.compiled(pattern).encode())
        return self.compiled[pattern]


def _place(name: str | None, kind: RuleList, index: int, rule: Rule | ApprovalRule) -> Place:
    return Place(names.rule_name(name, kind, rule.conditions), index, rule.span.line)


def _after(everywhere: EntryRow, own: EntryRow) -> EntryRow:
    """An entry whose rules come after those for every tool."""
    return EntryRow(
        name=own.name,
        require=everywhere.require + own.require,
        deny_if=everywhere.deny_if + own.deny_if,
        approve_if=everywhere.approve_if + own.approve_if,
        limits=everywhere.limits + own.limits,
    )
