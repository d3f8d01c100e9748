"""One text for each class of texts that machines tell apart, the shortest there is.

Must not know conditions. A walk, breadth first, over the product of the machines.
"""

from collections.abc import Hashable, Sequence
from functools import cache

from compiler.answers.effort import Effort
from compiler.answers.machines import Length, Machine, Pattern
from compiler.regex.run import NEVER

MOST_STEPS = 1_500_000
"""Bytes read by machines in one walk: about a second."""
LONGEST = 100_000
"""Code points of a text that is only asked for its length."""

READABLE = b"xabcdefghijklmnopqrstuvwyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_-. /@:,"
GOOD_LOOKS = (*READABLE, *(set(range(0x21, 0x7F)) - set(READABLE)), 0xC3, 0xA9, *range(256))
"""Bytes in the order in which they are taken to stand for others: letters first, then `é`."""


class TooManySteps(Exception):
    """More steps than this looks for."""


@cache
def _utf8() -> Machine:
    """Tells whole UTF-8 from the rest."""
    return Pattern(r"(?s)\A.*\z")


def representatives(machines: Sequence[Machine], effort: Effort) -> list[str]:
    """A shortest text for each combination of results that any text has.

    Raises `TooManySteps`, or `Exhausted`.
    """
    if len(machines) == 1 and isinstance(machines[0], Length):
        return _lengths(machines[0])
    return _Walk((_utf8(), *machines), effort).texts()


def _lengths(machine: Length) -> list[str]:
    if machine.cuts[-1] >= LONGEST:
        raise TooManySteps
    wanted = {size for cut in machine.cuts for size in (0, cut - 1, cut, cut + 1) if size >= 0}
    return ["x" * size for size in sorted(wanted)]


State = tuple[Hashable, ...]


class _Walk:
    """The states met so far, each with the state before it and the byte that led to it."""

    def __init__(self, machines: Sequence[Machine], effort: Effort) -> None:
        self.machines, self._effort = machines, effort
        self.start: State = tuple(machine.start for machine in machines)
        self.came: dict[State, tuple[State, int] | None] = {self.start: None}
        kinds: dict[tuple[int, ...], int] = {}
        for byte in dict.fromkeys(GOOD_LOOKS):
            kinds.setdefault(tuple(machine.classes[byte] for machine in machines), byte)
        self.bytes = tuple(kinds.values())
        self.steps = 0

    def texts(self) -> list[str]:
        found: dict[State, State] = {}
        layer = [self.start]
        while layer:
            for state in layer:
                if self.machines[0].result(state[0]):
                    found.setdefault(self._results(state), state)
            layer = [after for state in layer for after in self._onward(state)]
        return [self._text(state) for state in found.values()]

    def _onward(self, state: State) -> list[State]:
        """The states that one byte leads to and that were not met before."""
        steps = len(self.bytes) * len(self.machines)
        self._effort.spend(steps)
        self.steps += steps
        if self.steps > MOST_STEPS:
            raise TooManySteps
        fresh = []
        for byte in self.bytes:
            after = tuple(
                machine.step(one, byte) for machine, one in zip(self.machines, state, strict=True)
            )
            if after[0] != NEVER and after not in self.came:
                self.came[after] = state, byte
                fresh.append(after)
        return fresh

    def _results(self, state: State) -> State:
        pairs = zip(self.machines, state, strict=True)
        return tuple(machine.result(one) for machine, one in pairs)

    def _text(self, state: State) -> str:
        read = bytearray()
        came = self.came[state]
        while came is not None:
            before, byte = came
            read.append(byte)
            came = self.came[before]
        return bytes(reversed(read)).decode()
