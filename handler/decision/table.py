"""The table engine: decides from a decision table, with closures made when a tool is first called.

Must not know policy text: it loads nothing of the compiler but what reads a table. Its answers are
those of `compiler.meaning`, and tests hold it to them.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from compiler import names
from compiler.ir import HoldRow
from compiler.table.read import Table
from compiler.verdict import Call, Charge, Effect, Hold, Place, Subject, Verdict
from handler.decision.answers import MISMATCH, Object
from handler.decision.facts import facts_of
from handler.decision.plan import Plan, Planner, Rule, denying
from handler.decision.spellings import Spellings, Variant

MOST_PLANS = 2048
"""How many entries' closures are kept: some 5 KB each, made again in tens of microseconds."""

MOST_NAMES = 8192
LONGEST_NAME = 256
"""How many tools' names are kept, and how long they may be: calls must not fill the memory."""


class TableEngine:
    """One decision table at work. Implements `compiler.verdict.Engine`."""

    def __init__(self, table: bytes) -> None:
        """Raises `TableError` where the bytes are not a whole table of this version."""
        self._table = Table(table)
        self._spellings = Spellings(self._table)
        self._plan = lru_cache(MOST_PLANS)(Planner(self._table).plan)
        self._kept: dict[str, Plan] = {}

    def hides(self, tool: str) -> bool:
        return self._table.hides(tool)

    def lists(self, tool: str) -> bool:
        return self._table.own(tool) is not None

    def narrowed(self, tool: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        """The tool's input schema with what the policy demands of its calls."""
        from handler.decision.schemas import narrowed  # only where a server's registration asks

        return narrowed(self._table, tool, schema)

    def variant(self, call: Call) -> Variant | None:
        """A name in the call that a server may take for one that the policy reads."""
        return self._spellings.variant(call.tool, call.arguments)

    def decide(self, call: Call, subject: Subject, now: float) -> Verdict:
        try:
            plan = self._kept[call.tool]
        except KeyError:
            plan = self._found(call.tool)
        facts = call.arguments if plan.args_only else facts_of(call, subject, now)
        for test in plan.tests:
            if test(facts):
                return _denied(plan, facts)
        return _admitted(plan, facts) if plan.settled is None else plan.settled

    def _found(self, tool: str) -> Plan:
        """What serves the tool, and kept for its next call."""
        found = self._serving(tool)
        if len(tool) <= LONGEST_NAME:
            if len(self._kept) >= MOST_NAMES:
                self._kept.clear()
            self._kept[tool] = found
        return found

    def _serving(self, tool: str) -> Plan:
        """The plan of the entry that serves the tool, or of the denial of every call of it."""
        if self._table.hides(tool):
            return denying(Place(names.HIDDEN), names.hidden_message(tool))
        entry = self._table.serving(tool)
        if entry is None:
            return denying(Place(names.DEFAULT_DENY), names.default_deny_message(tool))
        return self._plan(entry)


def _denied(plan: Plan, facts: Object) -> Verdict:
    """The denial by the first condition of `require`, or else rule of `deny_if`, against it."""
    for rule in plan.require:
        for condition in rule.conditions:
            answer = condition.test(facts)
            if answer:
                mismatch = condition.mismatch if answer is MISMATCH else ""
                return _denial(rule, names.require_message, mismatch)
    rule = next(rule for rule in plan.deny_if if rule.counts(facts))
    return _denial(rule, names.deny_if_message, rule.mismatch(facts))


def _denial(rule: Rule, message: Callable[[str, str, str], str], mismatch: str) -> Verdict:
    place = rule.row.place
    return Verdict(Effect.DENY, place, message(rule.row.written, place.rule, mismatch))


def _admitted(plan: Plan, facts: Object) -> Verdict:
    """The verdict on a call that no rule denies: what it takes, and who must approve it."""
    charges = []
    for take in plan.takings:
        charge = take if isinstance(take, Charge) else take(facts)
        if isinstance(charge, Verdict):
            return charge
        charges.append(charge)
    holds = [_hold(rule, facts) for rule in plan.approve_if if rule.counts(facts)]
    for hold in holds:
        if not hold.approvers:
            return Verdict(Effect.DENY, hold.place, names.no_approver_message(hold.reason))
    if not holds:
        return Verdict(Effect.ALLOW, None, charges=tuple(charges))
    first = holds[0]
    return Verdict(Effect.REQUIRE_APPROVAL, first.place, first.reason, tuple(charges), tuple(holds))


def _hold(rule: Rule, facts: Object) -> Hold:
    row = rule.row
    assert isinstance(row, HoldRow)
    return Hold(
        place=row.place,
        reason=names.approve_if_reason(row.written, row.place.rule, rule.mismatch(facts)),
        approvers=row.approvers,
        quorum=row.quorum,
        expires_in=row.expires_in,
        mail_arguments=row.mail_arguments,
    )
