"""The exposure of a whole policy: every entry by itself, and all of them together.

Must not know how it is shown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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
from compiler.policy import Default, Entry, Limit, Policy, Rules
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
    bare = _exposed(None, meaning.sections(None))
    entries = [_entry(meaning, entry, bare) for entry in policy.tools]
    if policy.default is Default.ALLOW and not meaning.hides("*"):
        entries.append(bare)
    return Exposure(tuple(entries), _together(policy, entries), tuple(_shared(policy)))


def _entry(meaning: Meaning, entry: Entry, bare: Exposed) -> Exposed:
    """`bare` is the worst case under the rules for every tool alone."""
    if meaning.hides(entry.name):
        return Exposed(entry.name, Fate.DENIED)
    if entry.rules == Rules():
        return replace(bare, name=entry.name)
    return _exposed(entry.name, meaning.sections(entry))


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
    counters = list(_counters(policy))
    by_name = {one.name: one for one in entries}
    for name, window in WINDOWS.items():
        whole = _sum(entries, name)
        total = whole.bound
        for limit in policy.all_tools.limits:
            if bounding(limit) and limit.increment_from is None:
                total = total.under(_admits(limit, touched(limit.window, window)))
        for counter, limit, members in counters:
            if bounding(limit) and all(one.increment_from is None for one in counter):
                rest = whole.without(_sum([by_name[one] for one in members], name)).bound
                once = _admits(limit, touched(limit.window, window))
                if rest.most is not None and once.most is not None:
                    total = total.under(Bound(rest.most + once.most, f"{once.why}, and the others"))
        found[name] = total
    return found


def _admits(limit: Limit, times: int) -> Bound:
    calls = limit.maximum // 1_000_000
    why = f"{calls} per {window_text(limit.window)}, `{limit.counter}`"
    return Bound(Fraction(calls * times), why)


@dataclass(frozen=True, slots=True)
class Sum:
    """The calls of several entries: those that are bounded added up, and how many are not."""

    most: Fraction
    unbounded: int

    def without(self, other: "Sum") -> "Sum":
        """The others, where those are among them."""
        return Sum(self.most - other.most, self.unbounded - other.unbounded)

    @property
    def bound(self) -> Bound:
        return Bound() if self.unbounded else Bound(self.most, "all tools added up")


def _sum(entries: Sequence[Exposed], window: str) -> Sum:
    figures = (one.admitted or one.alone for one in entries)
    calls = [one.calls[window].most for one in figures if one is not None]
    bounded = [most for most in calls if most is not None]
    return Sum(sum(bounded, Fraction(0)), len(calls) - len(bounded))


def _counters(policy: Policy) -> Iterator[tuple[list[Limit], Limit, list[str]]]:
    """Every shared counter of `tools`: its limits, the first of them, who takes from it."""
    limits: dict[str, list[Limit]] = {}
    members: dict[str, dict[str, None]] = {}
    for entry in policy.tools:
        for limit in entry.rules.limits:
            if limit.shared:
                limits.setdefault(limit.counter, []).append(limit)
                members.setdefault(limit.counter, {})[entry.name] = None
    for counter, found in limits.items():
        yield found, found[0], list(members[counter])


def _shared(policy: Policy) -> Iterator[SharedTally]:
    for _, limit, members in _counters(policy):
        most = f"{amount_text(limit.maximum)} per {window_text(limit.window)}"
        yield SharedTally(limit.counter, most, tuple(members))
