"""Whether a new policy is wider, narrower, equal or different, shown by calls.

Must not know files or commands. Compared is what happens to calls: allowed, then held, then
denied; who approves what is held; and what is counted. Messages, rule names and what tools/list
leaves out are not compared.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from compiler.answers.demands import Demands
from compiler.answers.effort import Effort, Exhausted, TooMany
from compiler.answers.places import Example
from compiler.answers.queries import Way, asked_of, meeting, telling, ways
from compiler.answers.relation import Relation, together
from compiler.answers.search import Doubt, Search
from compiler.answers.tallies import TallyChange, compare
from compiler.answers.tools import Serving, to_look_at
from compiler.answers.witness import NotReproduced, Witness, witness
from compiler.meaning import Meaning
from compiler.names import owner
from compiler.policy import Policy
from compiler.verdict import Effect, Verdict

DECISION = 20
"""Steps that deciding a call by both policies takes."""

Pair = tuple[Demands | None, Demands | None]
"""What both policies demand of a tool's calls; None: every one is denied."""

LEVELS = {Effect.DENY: 0, Effect.REQUIRE_APPROVAL: 1, Effect.ALLOW: 2}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `tools` fare alike; the witness calls the first of them."""

    relation: Relation
    tools: tuple[str, ...]
    witness: Witness
    before: Verdict
    after: Verdict
    limit: str = ""
    """How a limit changed; empty where the effect or the approvers did."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """What could not be decided, and why."""

    tools: tuple[str, ...]
    relation: Relation
    """What the new policy would be if there was a difference; NOT_DECIDED: anything."""
    reason: str


@dataclass(frozen=True, slots=True)
class Difference:
    """The whole answer."""

    relation: Relation
    changes: tuple[Change, ...]
    undecided: tuple[Undecided, ...]


def diff(old: Policy, new: Policy, effort: Effort | None = None) -> Difference:
    """How the new policy differs. Raises `NotReproduced` rather than show a wrong witness.

    Several comparisons may share an `effort`; what it does not suffice for is not decided.
    """
    effort = effort or Effort()
    before, after = Serving(old), Serving(new)
    names, doubt = to_look_at((before, after))
    pairs: dict[object, tuple[Pair, list[str]]] = {}
    for name in names:
        demanded = before.demands(name), after.demands(name)
        if not _same(*demanded):
            pairs.setdefault(_fate(name, demanded), (demanded, []))[1].append(name)
    meanings = Meaning(old), Meaning(new)
    changes: list[Change] = []
    undecided = [Undecided((), Relation.NOT_DECIDED, doubt)] if doubt else []
    for place, (demanded, tools) in enumerate(pairs.values()):
        contest = _Contest(tools, *meanings, effort)
        try:
            contest.run(*demanded)
        except Exhausted as error:
            left = tuple(tool for _, each in [*pairs.values()][place:] for tool in each)
            undecided.append(Undecided(left, Relation.NOT_DECIDED, str(error)))
        changes += contest.changes.values()
        undecided += [Undecided(tuple(tools), *reason) for reason in contest.reasons]
        if effort.left < 0:
            break
    shown, doubted = (one.relation for one in changes), (one.relation for one in undecided)
    relation = together(shown, doubted)
    return Difference(relation, tuple(changes), tuple(undecided))


def _fate(tool: str, demanded: Pair) -> Pair:
    """What tools that fare alike have in common: all, but that each may have tallies of its own.

    Where a limit changes its owner that is told, so there each tool is by itself.
    """
    old, new = demanded
    if old is None or new is None or _owners(old) != _owners(new):
        return demanded
    own = owner(tool, shared=False)
    return _owned(old, own), _owned(new, own)


def _owners(demands: Demands) -> dict[str, str]:
    return {tally.counter: tally.owner for tally in demands.tallies}


def _owned(demands: Demands, own: str) -> Demands:
    """The demands with another name for the tool's own tallies, the same for every tool."""
    tallies = (replace(one, owner="") if one.owner == own else one for one in demands.tallies)
    return replace(demands, tallies=tuple(tallies))


def _same(old: Demands | None, new: Demands | None) -> bool:
    if old is None or new is None:
        return old is new
    return old.same(new)


class _Contest:
    """Two policies on tools that fare alike."""

    def __init__(self, tools: Sequence[str], old: Meaning, new: Meaning, effort: Effort) -> None:
        self.tools, self.old, self.new, self.effort = tuple(tools), old, new, effort
        self.changes: dict[object, Change] = {}
        self.reasons: dict[tuple[Relation, str], None] = {}

    def run(self, old: Demands | None, new: Demands | None) -> None:
        """Collect the changes and what is not decided. Raises `Exhausted`."""
        everything = [*asked_of(old), *asked_of(new)]
        try:
            search = Search(everything, self.effort)
        except Exhausted:
            raise
        except TooMany as error:
            self._doubt(Relation.NOT_DECIDED, str(error))
            return
        for way in ways(old, new):
            self._look(search, way)
        if old is not None and new is not None:
            self._limits(search, old, new)

    def _doubt(self, relation: Relation, *reasons: str) -> None:
        self.reasons.update({(relation, reason): None for reason in reasons})

    def _look(self, search: Search, way: Way) -> None:
        """Keep the call that the first of the queries finds, or else the doubt of the last."""
        found: Example | Doubt | None = None
        for query in way.queries:
            found = search.find(query.inside, query.outside)
            if isinstance(found, Example):
                self._keep(found)
                return
        if isinstance(found, Doubt):
            self._doubt(way.relation, *found.reasons)

    def _keep(self, example: Example) -> None:
        """Decide the call by both policies, and keep it if it shows something new."""
        self.effort.spend(DECISION * len(self.tools))
        first, *others = (self._change(tool, example) for tool in self.tools)
        if any(one.relation is not first.relation for one in others):
            raise NotReproduced(f"tools do not fare alike: {first.witness.line}")
        key = (_signature(first.before), _signature(first.after))
        self.changes.setdefault(key, first)

    def _change(self, tool: str, example: Example) -> Change:
        shown = witness(tool, example)
        before, after = shown.decided(self.old), shown.decided(self.new)
        relation = _relation(before, after)
        if relation is Relation.EQUAL:
            raise NotReproduced(f"both policies decide this call alike: {shown.line}")
        return Change(relation, self.tools, shown, before, after)

    def _limits(self, search: Search, old: Demands, new: Demands) -> None:
        """Changed limits, where both policies admit a call at all."""
        for change in compare(old.tallies, new.tallies):
            found = _admitted_by_both(search, old, new, change)
            if isinstance(found, Doubt):
                self._doubt(change.relation, *found.reasons)
            if not isinstance(found, Example):
                continue
            shown = witness(self.tools[0], found)
            before, after = shown.decided(self.old), shown.decided(self.new)
            if _charged(before) == _charged(after):
                self._doubt(change.relation, f"{change.text}; no call was found that shows it")
                continue
            self.changes[change] = Change(
                change.relation, self.tools, shown, before, after, change.text
            )


def _relation(before: Verdict, after: Verdict) -> Relation:
    step = LEVELS[after.effect] - LEVELS[before.effect]
    if step:
        return Relation.WIDER if step > 0 else Relation.NARROWER
    asked, asks = _terms(before), _terms(after)
    if asked == asks:
        return Relation.EQUAL
    if asked < asks:
        return Relation.NARROWER  # whoever was asked still is, and somebody else too
    return Relation.WIDER if asks < asked else Relation.DIFFERENT


def _terms(verdict: Verdict) -> set[object]:
    return {
        (tuple(sorted(one.approvers)), one.quorum, one.expires_in, one.mail_arguments)
        for one in verdict.holds
    }


def _signature(verdict: Verdict) -> object:
    return verdict.effect, verdict.place, tuple(one.place for one in verdict.holds)


def _charged(verdict: Verdict) -> Counter[object]:
    return Counter(
        (
            *(one.owner, one.counter, one.window, one.scope, one.shards),
            *(one.maximum, one.cost, json.dumps(one.per)),
        )
        for one in verdict.charges
    )


def _admitted_by_both(
    search: Search, old: Demands, new: Demands, change: TallyChange
) -> Example | Doubt | None:
    """A call that both admit, if possible with values that show how the limit changed."""
    both = (*meeting(old.needed), *meeting(new.needed))
    refused = (*old.refused, *new.refused)
    for probes in (*telling(change.before, change.after), ()):
        found = search.find((*both, *probes), refused)
        if isinstance(found, Example):
            return found
    return found
