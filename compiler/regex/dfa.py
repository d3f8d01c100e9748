"""A nondeterministic automaton -> the smallest deterministic one that answers a search.

Must not know patterns. A set of states stands for every place a match may have got to; a new match
may start at every byte. An assertion looks at the bytes on both sides of a place: the byte before
is remembered in the set as its `Side`, and what needs the byte after waits in the set until that
byte, or the end of the text, is known.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, auto

from compiler.regex.errors import Effort, PatternError
from compiler.regex.minimise import minimise
from compiler.regex.nfa import Accept, Check, Copy, Fork, Nfa, Step
from compiler.regex.run import MATCHED, NEVER, Dfa
from compiler.regex.tree import NEWLINE, WORD, Assertion

MAX_STATES = 4_000
MAX_CELLS = 100_000
"""States times byte classes: a table of twice as many bytes."""
MAX_WORK = 1_500_000
"""Members of sets handled while building: half a second's worth."""
VISIT = 4
"""What following one way without reading costs, in the same unit."""
CELL = 20
"""What filling and minimising one cell of the table costs."""

TOO_LARGE = (
    "the pattern needs too large an automaton; anchor it with `^`, lower its counted repetitions,"
    " or split it over several conditions"
)


class Side(IntEnum):
    """What an assertion can see of a neighbour: the end of the text, or a kind of byte."""

    EDGE = auto()
    NEWLINE = auto()
    WORD = auto()
    OTHER = auto()


LINE_EDGES = (Side.EDGE, Side.NEWLINE)
AHEAD = {
    Assertion.TEXT_END,
    Assertion.LINE_END,
    Assertion.WORD_BOUNDARY,
    Assertion.NOT_WORD_BOUNDARY,
}
"""The assertions that look at the byte after the place."""
SEEN = {
    Assertion.LINE_START: (Side.NEWLINE, NEWLINE),
    Assertion.LINE_END: (Side.NEWLINE, NEWLINE),
    Assertion.WORD_BOUNDARY: (Side.WORD, WORD),
    Assertion.NOT_WORD_BOUNDARY: (Side.WORD, WORD),
}
"""The kind of byte that an assertion tells from others."""


def holds(assertion: Assertion, before: Side, after: Side) -> bool:
    """Whether an assertion holds between two sides."""
    match assertion:
        case Assertion.TEXT_START:
            return before is Side.EDGE
        case Assertion.TEXT_END:
            return after is Side.EDGE
        case Assertion.LINE_START:
            return before in LINE_EDGES
        case Assertion.LINE_END:
            return after in LINE_EDGES
        case Assertion.WORD_BOUNDARY:
            return (before is Side.WORD) != (after is Side.WORD)
        case Assertion.NOT_WORD_BOUNDARY:
            return (before is Side.WORD) == (after is Side.WORD)


def determinise(nfa: Nfa, effort: Effort) -> Dfa:
    """The smallest automaton with the same answers. Raises PatternError past the bounds above."""
    alphabet = Alphabet.of(nfa)
    subsets = _Subsets(nfa, alphabet, effort)
    start = subsets.place((), Side.EDGE)
    rows = [[NEVER] * len(alphabet.sides), [MATCHED] * len(alphabet.sides)]
    while len(rows) < len(subsets.members):
        rows.append(subsets.row(len(rows)))
    effort.spent += CELL * len(rows) * len(alphabet.sides)
    ends = [subsets.matches_at_end(state) for state in range(len(rows))]
    return minimise(start, alphabet.classes, ends, rows)


@dataclass(frozen=True, slots=True)
class Alphabet:
    """Bytes that the automaton cannot tell apart, as classes, and what assertions see of each."""

    classes: bytes
    sides: tuple[Side, ...]

    @classmethod
    def of(cls, nfa: Nfa) -> "Alphabet":
        cuts, kinds = {0}, [Side.OTHER] * 256
        for state in nfa.states:
            if isinstance(state, Step):
                cuts.update(cut for low, high, _ in state.arcs for cut in (low, high + 1))
            elif isinstance(state, Check) and (seen := SEEN.get(state.assertion)):
                side, ranges = seen
                for low, high in ranges:
                    cuts.update((low, high + 1))
                    kinds[low : high + 1] = [side] * (high + 1 - low)
        firsts = sorted(cuts - {256})
        lasts = [*firsts[1:], 256]
        classes = b"".join(
            bytes([index]) * (last - first)
            for index, (first, last) in enumerate(zip(firsts, lasts, strict=True))
        )
        return cls(classes, tuple(kinds[first] for first in firsts))


class _Subsets:
    """The sets met so far, numbered in the order they were met."""

    def __init__(self, nfa: Nfa, alphabet: Alphabet, effort: Effort) -> None:
        self.nfa = nfa
        self.sides = alphabet.sides
        self.members: list[tuple[int, ...]] = [(), ()]
        self._before: list[Side] = [Side.OTHER, Side.OTHER]
        self._numbers: dict[tuple[tuple[int, ...], Side], int] = {}
        self._places: dict[tuple[tuple[int, ...], Side], int] = {}
        self._reached: dict[tuple[int, Side, Side | None], frozenset[int]] = {}
        self._checks = {n for n, state in enumerate(nfa.states) if isinstance(state, Check)}
        self._effort = effort
        self._most = effort.spent + MAX_WORK
        self._steps = {
            number: tuple(
                (alphabet.classes[low], alphabet.classes[high] + 1, target)
                for low, high, target in state.arcs
            )
            for number, state in enumerate(nfa.states)
            if isinstance(state, Step)
        }

    def place(self, targets: tuple[int, ...], before: Side) -> int:
        """The number of the set of all that can be got to, a match that starts here included."""
        key = (targets, before)
        if key not in self._places:
            self._places[key] = self._number(
                self._reach((*targets, self.nfa.start), before), before
            )
        return self._places[key]

    def row(self, number: int) -> list[int]:
        """The next set for each class of bytes."""
        resolved = {side: self._resolve(number, side) for side in dict.fromkeys(self.sides)}
        targets: list[list[int]] = [[] for _ in self.sides]
        for side, members in resolved.items():
            for member in members:
                for low, high, target in self._steps.get(member, ()):
                    self._spend(high - low)
                    for symbol in range(low, high):
                        if self.sides[symbol] is side:
                            targets[symbol].append(target)
        matched = {side for side, members in resolved.items() if self.nfa.accept in members}
        return [
            MATCHED if side in matched else self.place(tuple(targets[symbol]), side)
            for symbol, side in enumerate(self.sides)
        ]

    def matches_at_end(self, number: int) -> bool:
        return number == MATCHED or self.nfa.accept in self._resolve(number, Side.EDGE)

    def _number(self, reached: frozenset[int], before: Side) -> int:
        if self.nfa.accept in reached:
            return MATCHED
        members = self._most_able(reached)
        key = (members, before if self._waits(members) else Side.OTHER)
        if key not in self._numbers:
            self._numbers[key] = len(self.members)
            self.members.append(members)
            self._before.append(key[1])
            states = len(self.members)
            if states > MAX_STATES or states * len(self.sides) > MAX_CELLS:
                raise PatternError(TOO_LARGE)
        return self._numbers[key]

    def _resolve(self, number: int, after: Side) -> Iterable[int]:
        """The members once the byte after is known: nothing waits any more."""
        members, before = self.members[number], self._before[number]
        if not self._waits(members):
            return members
        return sorted(self._reach(members, before, after))

    def _waits(self, members: tuple[int, ...]) -> bool:
        """Whether a member needs to know the byte after."""
        return not self._checks.isdisjoint(members)

    def _reach(
        self, states: Iterable[int], before: Side, after: Side | None = None
    ) -> frozenset[int]:
        """What can be got to without reading; with `after` unknown, what looks ahead waits."""
        return frozenset().union(*(self._reach_one(state, before, after) for state in states))

    def _reach_one(self, state: int, before: Side, after: Side | None) -> frozenset[int]:
        key = (state, before, after)
        if key not in self._reached:
            self._reached[key] = self._explore(state, before, after)
        self._spend(len(self._reached[key]))
        return self._reached[key]

    def _explore(self, start: int, before: Side, after: Side | None) -> frozenset[int]:
        found, seen, waiting = set(), {start}, [start]
        while waiting:
            number = waiting.pop()
            follow: tuple[int, ...] = ()
            match self.nfa.states[number]:
                case Fork(states):
                    follow = states
                case Check(assertion, _) if after is None and assertion in AHEAD:
                    found.add(number)
                case Check(assertion, state):
                    follow = (state,) if holds(assertion, before, after or Side.OTHER) else ()
                case Step() | Accept():
                    found.add(number)
            self._spend(VISIT * (1 + len(follow)))
            waiting += (state for state in follow if state not in seen)
            seen.update(follow)
        return frozenset(found)

    def _most_able(self, members: frozenset[int]) -> tuple[int, ...]:
        """The members in order, without those that another one can stand in for (see Copy)."""
        copies = self.nfa.copies
        best: dict[tuple[int, int], Copy] = {}
        for member in members:
            if copy := copies.get(member):
                place = (copy.part, copy.place)
                if place not in best or best[place].left < copy.left:
                    best[place] = copy
        return tuple(
            member
            for member in sorted(members)
            if not (copy := copies.get(member)) or best[copy.part, copy.place] is copy
        )

    def _spend(self, work: int) -> None:
        self._effort.spent += work
        if self._effort.spent > self._most:
            raise PatternError(TOO_LARGE)
