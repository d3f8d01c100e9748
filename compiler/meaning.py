"""What a policy means: the decision, straight from the parsed policy. THE specification in code.

Plain, slow and obvious; must not know tables. Every other engine answers as this one does, to the
place and the message.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from compiler import globs, names
from compiler.names import RuleList
from compiler.policy import (
    ApprovalRule,
    Condition,
    Default,
    Entry,
    Every,
    Limit,
    Operator,
    Path,
    Policy,
    Root,
    Rule,
    Rules,
    Step,
)
from compiler.truth import Absent, Truth, test
from compiler.values import Value, is_readable, kind, micro_units
from compiler.verdict import Call, Charge, Effect, Hold, Place, Subject, Verdict

ONE = 1_000_000
"""What a call costs where no argument says: one, in micro-units."""


Found: TypeAlias = "Value | Absent"
"""What a path finds."""


class Section(NamedTuple):
    """The rules of `all_tools` (`entry` is None) or of one entry of `tools`."""

    entry: str | None
    rules: Rules


@dataclass(frozen=True, slots=True)
class Facts:
    """What conditions can read: the members of the three roots."""

    roots: dict[Root, Value]

    @classmethod
    def of(cls, call: Call, subject: Subject, now: float) -> "Facts":
        """Hours and weekdays are UTC, Monday is 1 (ISO 8601); the epoch was a Thursday."""
        days, seconds = divmod(int(now // 1), 86_400)
        return cls(
            {
                Root.ARGS: dict(call.arguments),
                Root.GRANT: {"label": subject.label, "tags": list(subject.tags)},
                Root.TIME: {"hour": seconds // 3600, "weekday": (days + 3) % 7 + 1},
            }
        )

    def read(self, path: Path) -> list[Found]:
        """What a path finds: one thing, or with `[*]` one for every element."""
        return follow(self.roots[path.root], path.steps)


def follow(start: Found, steps: Sequence[Step]) -> list[Found]:
    """What steps lead to from one value."""
    found = [start]
    for step in steps:
        found = [inner for value in found for inner in _inside(value, step)]
    return found


def _inside(value: Found, step: Step) -> list[Found]:
    if isinstance(value, Absent):
        return [value]
    if step is Every.ELEMENT:
        if not isinstance(value, list):
            return [Absent.MISPLACED]
        return list(value) or [Absent.MISSING]
    if value is None:
        return [Absent.MISSING]
    if isinstance(step, str):
        if not isinstance(value, dict):
            return [Absent.MISPLACED]
        return [value.get(step, Absent.MISSING)]
    if not isinstance(value, list):
        return [Absent.MISPLACED]
    assert isinstance(step, int)
    return [value[step] if step < len(value) else Absent.MISSING]


class Meaning:
    """A policy's meaning; an `Engine`."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._entries = {entry.name: entry for entry in policy.tools}
        self._hidden = frozenset(policy.hide)

    def hides(self, tool: str) -> bool:
        return tool in self._hidden or self.policy.hide == ("*",)

    def lists(self, tool: str) -> bool:
        return tool in self._entries and not self._entries[tool].is_glob

    def decide(self, call: Call, subject: Subject, now: float) -> Verdict:
        """In the order of docs/policy.md; the first no decides."""
        if self.hides(call.tool):
            return _denial(Place(names.HIDDEN), names.hidden_message(call.tool))
        entry = self.entry(call.tool)
        if entry is None and self.policy.default is Default.DENY:
            return _denial(Place(names.DEFAULT_DENY), names.default_deny_message(call.tool))
        sections = self.sections(entry)
        facts = Facts.of(call, subject, now)
        denial = _required(sections, facts) or _denied(sections, facts)
        if denial is not None:
            return denial
        return _admission(sections, facts)

    def sections(self, entry: Entry | None) -> list[Section]:
        """The rules that the calls of an entry pass: those for every tool, then its own."""
        everywhere = Section(None, self.policy.all_tools)
        return [everywhere] if entry is None else [everywhere, Section(entry.name, entry.rules)]

    def entry(self, tool: str) -> Entry | None:
        """The entry that serves a tool: its own, else the closest glob, else none."""
        if self.lists(tool):
            return self._entries[tool]
        name = globs.closest((one.name for one in self.policy.tools if one.is_glob), tool)
        return self._entries[name] if name is not None else None


def _denial(place: Place, message: str) -> Verdict:
    return Verdict(Effect.DENY, place, message)


def _required(sections: Sequence[Section], facts: Facts) -> Verdict | None:
    """The denial by the first `require` rule with a condition that is not true."""
    for entry, rules in sections:
        for index, rule in enumerate(rules.require):
            for condition in rule.conditions:
                truth = answer(condition, facts, good=(Truth.TRUE,))
                if truth is not Truth.TRUE:
                    place = place_of(entry, RuleList.REQUIRE, index, rule)
                    mismatch = _mismatch(condition, truth)
                    message = names.require_message(rule.message, place.rule, mismatch)
                    return _denial(place, message)
    return None


def _denied(sections: Sequence[Section], facts: Facts) -> Verdict | None:
    """The denial by the first `deny_if` rule whose conditions all count against the call."""
    for entry, rules in sections:
        for index, rule in enumerate(rules.deny_if):
            mismatch = _holds(rule.conditions, facts)
            if mismatch is not None:
                place = place_of(entry, RuleList.DENY_IF, index, rule)
                message = names.deny_if_message(rule.message, place.rule, mismatch)
                return _denial(place, message)
    return None


def _admission(sections: Sequence[Section], facts: Facts) -> Verdict:
    """An allowance or a hold with its charges, or a denial where one of them cannot be made."""
    charges: list[Charge] = []
    for entry, rules in sections:
        for index, limit in enumerate(rules.limits):
            charge = _charge(entry, index, limit, facts)
            if isinstance(charge, Verdict):
                return charge
            charges.append(charge)
    holds = list(_held(sections, facts))
    for hold in holds:
        if not hold.approvers:
            return _denial(hold.place, names.no_approver_message(hold.reason))
    if not holds:
        return Verdict(Effect.ALLOW, None, charges=tuple(charges))
    first = holds[0]
    return Verdict(Effect.REQUIRE_APPROVAL, first.place, first.reason, tuple(charges), tuple(holds))


def _held(sections: Sequence[Section], facts: Facts) -> Iterable[Hold]:
    """Every `approve_if` rule whose conditions all count against the call."""
    for entry, rules in sections:
        for index, rule in enumerate(rules.approve_if):
            mismatch = _holds(rule.conditions, facts)
            if mismatch is not None:
                place = place_of(entry, RuleList.APPROVE_IF, index, rule)
                yield Hold(
                    place=place,
                    reason=names.approve_if_reason(rule.reason, place.rule, mismatch),
                    approvers=rule.approvers,
                    quorum=rule.quorum,
                    expires_in=rule.expires_in,
                    mail_arguments=rule.mail_arguments,
                )


def _holds(conditions: Sequence[Condition], facts: Facts) -> str | None:
    """None where a condition is false; else the first mismatch's sentence, or nothing."""
    mismatches = [""]
    for condition in conditions:
        truth = answer(condition, facts, good=(Truth.FALSE,))
        if truth is Truth.FALSE:
            return None
        mismatches.append(_mismatch(condition, truth))
    return next(filter(None, mismatches), "")


def answer(condition: Condition, facts: Facts, good: tuple[Truth, ...]) -> Truth:
    """A condition's answer on a call's facts."""
    return answer_on(facts.read(condition.path), condition.operator, condition.value, good)


def answer_on(
    found: Sequence[Found], operator: Operator, literal: Value, good: tuple[Truth, ...]
) -> Truth:
    """A condition's answer; with `[*]` that of the first element that is not good for the call."""
    truths = [test(operator, one, literal) for one in found]
    return next((truth for truth in truths if truth not in good), truths[0])


def _mismatch(condition: Condition, truth: Truth) -> str:
    return names.mismatch_message(condition) if truth is Truth.MISMATCH else ""


def place_of(entry: str | None, which: RuleList, index: int, rule: Rule | ApprovalRule) -> Place:
    return Place(names.rule_name(entry, which, rule.conditions), index, rule.span.line)


def _charge(entry: str | None, index: int, limit: Limit, facts: Facts) -> Charge | Verdict:
    """What a limit takes, or the denial where the call does not say it exactly."""
    place = Place(names.limit_name(entry, limit.counter), index, limit.span.line)
    cost = ONE
    if limit.increment_from is not None:
        read = cost_of(facts.read(limit.increment_from)[0])
        if read is None:
            return _denial(place, names.cost_message(limit.increment_from))
        cost = read
    per: list[Value] = []
    for path in limit.per:
        found = facts.read(path)[0]
        if not is_told(found):
            return _denial(place, names.per_message(path))
        per.append(None if isinstance(found, Absent) else found)
    return Charge(
        place=place,
        owner=names.owner(entry, limit.shared),
        counter=limit.counter,
        window=limit.window,
        scope=limit.scope,
        maximum=limit.maximum,
        cost=cost,
        per=tuple(per) if limit.per else None,
        shards=limit.shards,
        message=names.limit_message(limit),
    )


def is_told(found: Found) -> bool:
    """Whether a `per` limit can tell the value from others; a missing one counts as null."""
    if isinstance(found, Absent):
        return found is Absent.MISSING
    return is_readable(found)


def cost_of(found: Found) -> int | None:
    """An exact decimal of at least 0 in micro-units; None for anything else."""
    if isinstance(found, Absent) or kind(found) != "number" or not is_readable(found):
        return None
    assert isinstance(found, int | float)
    return micro_units(found)
