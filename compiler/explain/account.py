"""What a policy does with one call, told with its reasons.

The decision comes from `meaning`. Must not know tallies: limits are told as what the call would
take, since what was taken before is the ledger's knowledge.
"""

from collections.abc import Iterator

from compiler.diagnostics import visible
from compiler.explain.excerpt import excerpt
from compiler.explain.phrases import (
    ANY,
    EVERY,
    SCOPES,
    approval_words,
    condition_words,
    shards_words,
    value_words,
    window_words,
)
from compiler.explain.trace import Asked, Step, trace
from compiler.meaning import Found, Meaning, Section
from compiler.names import RuleList, amount_text, limit_name
from compiler.policy import Policy, Span
from compiler.truth import Absent
from compiler.verdict import Call, Charge, Effect, Hold, Place, Subject, Verdict

OUTCOMES = {
    Effect.ALLOW: "allowed",
    Effect.DENY: "denied",
    Effect.REQUIRE_APPROVAL: "held until a person answers",
}


def account(policy: Policy, text: str, call: Call, subject: Subject, now: float) -> str:
    """The decision on a call, and how it came about. `text` is what the policy was parsed from."""
    meaning = Meaning(policy)
    verdict = meaning.decide(call, subject, now)
    steps = trace(meaning, call, subject, now)
    spans = _spans(meaning.sections(meaning.entry(call.tool)), steps)
    parts = (
        _decision(call, verdict, spans, text),
        _asked_rules(steps, verdict),
        _taken(verdict),
        _asked_people(verdict),
    )
    return "\n".join("\n".join(part) + "\n" for part in map(list, parts) if part)


Spans = dict[tuple[str, int | None], Span]
"""Where the rules and limits of a tool stand, by name and index."""


def _spans(sections: list[Section], steps: tuple[Step, ...]) -> Spans:
    limits: Spans = {
        (limit_name(owner, limit.counter), index): limit.span
        for owner, rules in sections
        for index, limit in enumerate(rules.limits)
    }
    return {**limits, **{(step.place.rule, step.place.index): step.span for step in steps}}


def _decision(call: Call, verdict: Verdict, spans: Spans, text: str) -> Iterator[str]:
    yield f"The call of `{visible(call.tool)}` is {OUTCOMES[verdict.effect]}."
    if verdict.place is None:
        yield "No rule denies it, and none asks for a person."
        return
    yield f"Decided by {_named(verdict.place)}"
    span = spans.get((verdict.place.rule, verdict.place.index))
    if span is not None:
        yield from (f"  {line}" for line in excerpt(text, span))
    yield f"The agent reads: {visible(verdict.message)}"


def _named(place: Place) -> str:
    if place.line is None:
        return visible(place.rule)
    return f"{visible(place.rule)} [{place.index}], line {place.line}"


def _asked_rules(steps: tuple[Step, ...], verdict: Verdict) -> Iterator[str]:
    if not steps:
        return
    yield "What the rules found:"
    decided = False
    for step in steps:
        if decided:
            yield f"  not asked: {_named(step.place)}"
            continue
        yield f"  {FOUND[step.which, step.against]}: {_named(step.place)}"
        yield from (f"    {_condition(step.which, one)}" for one in step.conditions)
        decided = verdict.effect is Effect.DENY and step.place == verdict.place


FOUND = {
    (RuleList.REQUIRE, False): "met",
    (RuleList.REQUIRE, True): "not met",
    (RuleList.DENY_IF, False): "does not fire",
    (RuleList.DENY_IF, True): "denies",
    (RuleList.APPROVE_IF, False): "does not fire",
    (RuleList.APPROVE_IF, True): "holds",
}


def _condition(which: RuleList, asked: Asked) -> str:
    words = condition_words(asked.condition, EVERY if which is RuleList.REQUIRE else ANY)
    return f"{asked.truth.value}: {words} ({_read(asked)})"


MOST_SHOWN = 5
"""Elements of a `[*]` that are shown."""


def _read(asked: Asked) -> str:
    shown = [_value(found) for found in asked.found[:MOST_SHOWN]]
    more = len(asked.found) - len(shown)
    verb = "it is" if len(asked.found) == 1 else "they are"
    return f"{verb} {', '.join(shown)}{f' and {more} more' if more else ''}"


ABSENT = {Absent.MISSING: "left out", Absent.MISPLACED: "inside something that has no such parts"}


def _value(found: Found) -> str:
    return ABSENT[found] if isinstance(found, Absent) else value_words(found)


def _taken(verdict: Verdict) -> Iterator[str]:
    if verdict.charges:
        yield "It takes, where all of these have room:"
        yield from (f"  {_charge(charge)}" for charge in verdict.charges)


def _charge(charge: Charge) -> str:
    per = f", counted apart for {', '.join(map(value_words, charge.per))}" if charge.per else ""
    most = f"{amount_text(charge.maximum)} {window_words(charge.window)} {SCOPES[charge.scope]}"
    never = " (more than it ever admits, so denied)" if charge.cost > charge.maximum else ""
    split = f", {shards_words(charge.shards)}" if charge.shards > 1 else ""
    return f"{amount_text(charge.cost)} of {most}{per}{split}{never}: {_named(charge.place)}"


def _asked_people(verdict: Verdict) -> Iterator[str]:
    if verdict.holds:
        yield "Who is asked:"
        yield from (f"  {_hold(hold)}" for hold in verdict.holds)


def _hold(hold: Hold) -> str:
    return f"{approval_words(hold)}: {_named(hold.place)}"
