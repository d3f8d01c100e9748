"""What every rule that a call can meet found in it: each condition, its answer, what it read.

Must not decide: the verdict is `meaning`'s, and so are the answers of conditions. Rules stand in
the order in which they are asked, those after the one that decided too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from compiler.meaning import Facts, Found, Meaning, answer, place_of
from compiler.names import RuleList
from compiler.policy import ApprovalRule, Condition, Default, Rule, Rules, Span
from compiler.truth import Truth
from compiler.verdict import Call, Place, Subject


@dataclass(frozen=True, slots=True)
class Asked:
    """One condition of one call. `found` has one value, or with `[*]` one for each element."""

    condition: Condition
    found: tuple[Found, ...]
    truth: Truth


@dataclass(frozen=True, slots=True)
class Step:
    """One rule of one call. `against` is whether it counts against the call."""

    which: RuleList
    place: Place
    span: Span
    conditions: tuple[Asked, ...]
    against: bool


GOOD = {
    RuleList.REQUIRE: (Truth.TRUE,),
    RuleList.DENY_IF: (Truth.FALSE,),
    RuleList.APPROVE_IF: (Truth.FALSE,),
}
"""The answer of a condition that is good for the call."""


def trace(meaning: Meaning, call: Call, subject: Subject, now: float) -> tuple[Step, ...]:
    """Every rule of the call's tool, in order; none where the tool is hidden or not listed."""
    entry = meaning.entry(call.tool)
    unlisted = entry is None and meaning.policy.default is Default.DENY
    if unlisted or meaning.hides(call.tool):
        return ()
    facts = Facts.of(call, subject, now)
    sections = meaning.sections(entry)
    return tuple(
        _step(which, owner, index, rule, facts)
        for which in GOOD
        for owner, rules in sections
        for index, rule in enumerate(_listed(which, rules))
    )


def _listed(which: RuleList, rules: Rules) -> Sequence[Rule | ApprovalRule]:
    if which is RuleList.APPROVE_IF:
        return rules.approve_if
    return rules.require if which is RuleList.REQUIRE else rules.deny_if


def _step(
    which: RuleList, owner: str | None, index: int, rule: Rule | ApprovalRule, facts: Facts
) -> Step:
    asked = tuple(_asked(one, facts, GOOD[which]) for one in rule.conditions)
    passed = [one.truth in GOOD[which] for one in asked]
    against = not all(passed) if which is RuleList.REQUIRE else not any(passed)
    return Step(which, place_of(owner, which, index, rule), rule.span, asked, against)


def _asked(condition: Condition, facts: Facts, good: tuple[Truth, ...]) -> Asked:
    found = tuple(facts.read(condition.path))
    return Asked(condition, found, answer(condition, facts, good))
