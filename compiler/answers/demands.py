"""What a policy demands of the calls of one tool, as questions: the ground for comparing policies.

Must not know how questions are decided, nor what rules are called: rules that ask the same are the
same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from compiler import names
from compiler.answers.questions import Asked, Kind, condition_asked, limit_asked
from compiler.policy import ApprovalRule, Condition, Limit, Rules
from compiler.verdict import Scope, Window

Meets = tuple[Asked, ...]
"""Questions that all hold."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Who must approve what an `approve_if` holds, and how fast."""

    approvers: tuple[str, ...]
    quorum: int
    expires_in: int
    mail_arguments: bool


@dataclass(frozen=True, slots=True)
class Held:
    """An `approve_if` rule that somebody can approve."""

    terms: Terms
    meets: Meets


@dataclass(frozen=True, slots=True)
class Tally:
    """One limit. `maximum` is in micro-units."""

    owner: str
    counter: str
    window: Window
    scope: Scope
    per: tuple[Asked, ...]
    shards: int
    maximum: int
    source: Asked | None
    """What the cost is read from; None: each call costs one."""


@dataclass(frozen=True, slots=True)
class Demands:
    """A call is admitted if all of `needed` hold and none of `refused` is met in full."""

    needed: Meets = ()
    refused: tuple[Meets, ...] = ()
    held: tuple[Held, ...] = ()
    tallies: tuple[Tally, ...] = ()

    def asked(self) -> Iterator[Asked]:
        """Every question, perhaps more than once."""
        yield from self.needed
        for meets in (*self.refused, *(one.meets for one in self.held)):
            yield from meets

    def same(self, other: "Demands") -> bool:
        """Whether both say the same in other words, or in another order."""
        return all(
            set(mine) == set(theirs)
            for mine, theirs in (
                (self.needed, other.needed),
                (map(frozenset, self.refused), map(frozenset, other.refused)),
                (map(_unordered, self.held), map(_unordered, other.held)),
                (self.tallies, other.tallies),
            )
        )


def _unordered(held: Held) -> tuple[Terms, frozenset[Asked]]:
    return held.terms, frozenset(held.meets)


def demands(sections: Sequence[tuple[str | None, Rules]]) -> Demands:
    """The demands of the sections that serve a tool; the entry's name is None for all_tools."""
    rules = [section for _, section in sections]
    limits = [(name, limit) for name, section in sections for limit in section.limits]
    needed = [
        condition_asked(condition, Kind.PASSES)
        for section in rules
        for rule in section.require
        for condition in rule.conditions
    ]
    for _, limit in limits:
        if limit.increment_from is not None:
            needed.append(limit_asked(limit.increment_from, Kind.COSTS))
        needed += [limit_asked(path, Kind.TELLS) for path in limit.per]
    holding = [rule for section in rules for rule in section.approve_if]
    refusing = [rule.conditions for section in rules for rule in section.deny_if]
    refusing += [rule.conditions for rule in holding if not rule.approvers]
    return Demands(
        needed=tuple(dict.fromkeys(needed)),
        refused=tuple(dict.fromkeys(map(_fires, refusing))),
        held=tuple(
            dict.fromkeys(
                Held(_terms(rule), _fires(rule.conditions)) for rule in holding if rule.approvers
            )
        ),
        tallies=tuple(_tally(name, limit) for name, limit in limits),
    )


def _fires(conditions: Sequence[Condition]) -> Meets:
    return tuple(dict.fromkeys(condition_asked(one, Kind.FIRES) for one in conditions))


def _terms(rule: ApprovalRule) -> Terms:
    approvers = tuple(sorted(rule.approvers))
    return Terms(approvers, rule.quorum, rule.expires_in, rule.mail_arguments)


def _tally(entry: str | None, limit: Limit) -> Tally:
    source = limit.increment_from
    return Tally(
        owner=names.owner(entry, limit.shared),
        counter=limit.counter,
        window=limit.window,
        scope=limit.scope,
        per=tuple(limit_asked(path, Kind.TELLS) for path in limit.per),
        shards=limit.shards,
        maximum=limit.maximum,
        source=None if source is None else limit_asked(source, Kind.COSTS),
    )
