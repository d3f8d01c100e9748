"""The exposure of a whole policy: every entry by itself, and all of them together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from compiler.exposure.bounds import (
    WINDOWS,
    Admitting,
    Bound,
    Worst,
    admitting,
    bounding,
    waiting,
    worst,
)
from compiler.exposure.overlap import touched
from compiler.meaning import Meaning, Section
from compiler.names import amount_text, window_text
from compiler.policy import Default, Limit, Policy
from compiler.verdict import Scope


class Fate(StrEnum):
    """What can become of the calls of an entry."""

    DENIED = "denied"
    HELD = "held"
    """Every call that is not denied waits for a person."""
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Exposed:
    """One entry. `alone` is what happens without a person, `admitted` what with approvals."""

    name: str | None
    """None for every tool that no entry names."""
    fate: Fate
    alone: Worst | None = None
    """None where nothing happens without a person."""
    admitted: Worst | None = None
    """What is admitted in a window, held calls too; None where no call is ever held."""
    waiting: Bound | None = None
    """How many calls can wait at one time: once approved they run beside a window's limits."""
    passed_over: tuple[tuple[str, str], ...] = ()
    """Limits that bound nothing by themselves, and why."""


@dataclass(frozen=True, slots=True)
class SharedTally:
    """A counter that several entries take from together."""

    counter: str
    most: str
    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exposure:
    """All figures are for one grant; limits of scope `server` and `all` hold for all together."""

    entries: tuple[Exposed, ...]
    calls: dict[str, Bound]
    """Calls of all tools together, by the name of the window."""
    shared: tuple[SharedTally, ...]


def exposure(policy: Policy) -> Exposure:
    """The worst case of every entry as written, then of unlisted tools where they are allowed."""
    meaning = Meaning(policy)
    entries = [
        Exposed(entry.name, Fate.DENIED)
        if meaning.hides(entry.name)
        else _exposed(entry.name, meaning.sections(entry))
        for entry in policy.tools
    ]
    if policy.default is Default.ALLOW and not meaning.hides("*"):
        entries.append(_exposed(None, meaning.sections(None)))
    return Exposure(tuple(entries), _together(policy, entries), tuple(_shared(policy)))


def _exposed(name: str | None, sections: Sequence[Section]) -> Exposed:
    refused = [rule for _, rules in sections for rule in rules.deny_if]
    held = [rule for _, rules in sections for rule in rules.approve_if]
    always = [rule for rule in held if not rule.conditions]
    if any(not rule.conditions for rule in refused) or any(not one.approvers for one in always):
        return Exposed(name, Fate.DENIED)
    askable = [rule for rule in held if rule.approvers]
    rules = admitting(sections, approved=True)
    return Exposed(
        name=name,
        fate=Fate.HELD if always else Fate.OPEN,
        alone=None if always else worst(admitting(sections, approved=False)),
        admitted=worst(rules) if askable else None,
        waiting=waiting(rules, askable) if askable else None,
        passed_over=tuple(_passed_over(rules)),
    )


def _passed_over(rules: Admitting) -> Iterator[tuple[str, str]]:
    for name, limit in rules.limits:
        if limit.scope is Scope.SESSION:
            yield name, "a new session starts it again"
        elif limit.per:
            yield name, f"it bounds each {', '.join(path.text for path in limit.per)} only"


def _together(policy: Policy, entries: Sequence[Exposed]) -> dict[str, Bound]:
    """The calls of all entries: their sum, or less where they take from one tally."""
    found = {}
    for name, window in WINDOWS.items():
        total = _sum(entries, name)
        for limit in policy.all_tools.limits:
            if bounding(limit) and limit.increment_from is None:
                total = total.under(_admits(limit, touched(limit.window, window)))
        for counter, limit, members in _counters(policy):
            if bounding(limit) and all(one.increment_from is None for one in counter):
                rest = _sum([one for one in entries if one.name not in members], name)
                once = _admits(limit, touched(limit.window, window))
                if rest.most is not None and once.most is not None:
                    total = total.under(Bound(rest.most + once.most, f"{once.why}, and the others"))
        found[name] = total
    return found


def _admits(limit: Limit, times: int) -> Bound:
    calls = limit.maximum // 1_000_000
    why = f"{calls} per {window_text(limit.window)}, `{limit.counter}`"
    return Bound(Fraction(calls * times), why)


def _sum(entries: Sequence[Exposed], window: str) -> Bound:
    total = Fraction(0)
    for one in entries:
        figures = one.admitted or one.alone
        if figures is None:
            continue
        most = figures.calls[window].most
        if most is None:
            return Bound()
        total += most
    return Bound(total, "all tools added up")


def _counters(policy: Policy) -> Iterator[tuple[list[Limit], Limit, set[str | None]]]:
    """Every shared counter of `tools`: its limits, the first of them, who takes from it."""
    limits: dict[str, list[Limit]] = {}
    members: dict[str, set[str | None]] = {}
    for entry in policy.tools:
        for limit in entry.rules.limits:
            if limit.shared:
                limits.setdefault(limit.counter, []).append(limit)
                members.setdefault(limit.counter, set()).add(entry.name)
    for counter, found in limits.items():
        yield found, found[0], members[counter]


def _shared(policy: Policy) -> Iterator[SharedTally]:
    for _, limit, members in _counters(policy):
        most = f"{amount_text(limit.maximum)} per {window_text(limit.window)}"
        listed = tuple(one.name for one in policy.tools if one.name in members)
        yield SharedTally(limit.counter, most, listed)
