"""A pattern's tree -> a nondeterministic automaton over the bytes of UTF-8.

Must not know how patterns are written. Built from the end to the start, so that every part is
made knowing what follows it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from compiler.regex.errors import PatternError
from compiler.regex.tree import AnyByte, Assertion, Characters, Choice, Node, Repeat, Sequence
from compiler.regex.utf8 import Spelling, spelling

MAX_STATES = 5_000


@dataclass(frozen=True, slots=True)
class Step:
    """Reads one byte: first byte, last byte, next state; disjoint and ascending."""

    arcs: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Fork:
    """Goes on in each of the states, reading nothing."""

    states: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """Goes on, reading nothing, where the assertion holds."""

    assertion: Assertion
    state: int


@dataclass(frozen=True, slots=True)
class Accept:
    """A match is complete."""


State: TypeAlias = Step | Fork | Check | Accept


@dataclass(frozen=True, slots=True)
class Copy:
    """Which copy of an optional repeated part a state belongs to.

    In `x{0,9}` nine copies of `x` stand in a row. From the same place in a copy with more of them
    left, every text can be matched that can be from one with fewer left.
    """

    part: int
    place: int
    left: int


@dataclass(frozen=True, slots=True)
class Nfa:
    states: tuple[State, ...]
    start: int
    accept: int
    """The one state that is an Accept."""
    copies: dict[int, Copy]


def assemble(tree: Node) -> Nfa:
    """The automaton of a tree. Raises PatternError past MAX_STATES."""
    assembly = _Assembly()
    accept = assembly.state(Accept())
    start = assembly.add(tree, accept)
    return Nfa(tuple(assembly.states), start, accept, assembly.copies)


@dataclass(slots=True)
class _Assembly:
    states: list[State] = field(default_factory=list)
    copies: dict[int, Copy] = field(default_factory=dict)

    def state(self, state: State) -> int:
        if len(self.states) >= MAX_STATES:
            raise PatternError(
                f"the pattern needs more than {MAX_STATES} steps; lower its counted repetitions,"
                " or bound the length with `length_lte` instead"
            )
        self.states.append(state)
        return len(self.states) - 1

    def add(self, node: Node, then: int) -> int:
        """The state from which the node and then `then` are matched."""
        match node:
            case Characters(ranges):
                return self._characters(spelling(ranges), then, {})
            case AnyByte():
                return self.state(Step(((0, 255, then),)))
            case Assertion():
                return self.state(Check(node, then))
            case Sequence(items):
                for item in reversed(items):
                    then = self.add(item, then)
                return then
            case Choice(branches):
                return self.state(Fork(tuple(self.add(branch, then) for branch in branches)))
            case Repeat(item, least, most):
                if most is None:
                    return self._endless(item, least, then)
                return self._times(item, least, self._optional(item, most - least, then))

    def _characters(self, tree: Spelling, then: int, made: dict[Spelling, int]) -> int:
        if tree not in made:
            arcs = tuple(
                (low, high, self._characters(follow, then, made) if follow else then)
                for low, high, follow in tree
            )
            made[tree] = self.state(Step(arcs))
        return made[tree]

    def _endless(self, item: Node, least: int, then: int) -> int:
        again = self.state(Fork(()))
        first = self.add(item, again)
        self.states[again] = Fork((first, then))
        return self._times(item, least - 1, first) if least else again

    def _times(self, item: Node, times: int, then: int) -> int:
        for _ in range(times):
            then = self.add(item, then)
        return then

    def _optional(self, item: Node, times: int, then: int) -> int:
        part, entry = len(self.states), then
        for left in range(1, times + 1):
            first = len(self.states)
            entry = self.state(Fork((self.add(item, entry), then)))
            self._mark(range(first, len(self.states)), part, left)
        return entry

    def _mark(self, states: Iterable[int], part: int, left: int) -> None:
        """The states of one copy. Copies within a copy are told apart by their place in it."""
        for place, state in enumerate(states):
            self.copies[state] = Copy(part, place, left)
