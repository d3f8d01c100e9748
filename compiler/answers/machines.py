"""Automata over the bytes of a text, one for each thing that conditions ask of texts.

Must not know conditions. A machine reads byte by byte, and its result after the last tells apart
all that is asked of it. `classes` gives each byte a number: bytes of one number are read alike.
"""

from bisect import bisect_left
from collections.abc import Hashable, Iterable
from typing import Protocol

from compiler import regex


class Machine(Protocol):
    """A deterministic automaton whose states are what its author finds handy."""

    start: Hashable
    classes: bytes

    def step(self, state: Hashable, byte: int) -> Hashable:
        """The state after one more byte."""
        ...

    def result(self, state: Hashable) -> Hashable:
        """What is known of a text that ends here."""
        ...


class Pattern:
    """Whether a text contains a match."""

    def __init__(self, pattern: str) -> None:
        """Raises `regex.PatternError`."""
        dfa = regex.compile(pattern)
        self.start: Hashable = dfa.start
        self.classes = dfa.classes
        self._rows, self._width, self._ends = dfa.rows, dfa.width, dfa.ends
        self.size = len(pattern) + len(dfa.rows)

    def step(self, state: Hashable, byte: int) -> Hashable:
        assert isinstance(state, int)
        return self._rows[state * self._width + self.classes[byte]]

    def result(self, state: Hashable) -> Hashable:
        assert isinstance(state, int)
        return self._ends[state]


class Order:
    """Where a text stands among others, by code point: UTF-8 keeps that order.

    While a text is the start of one of them the state is the text; after that, its place.
    """

    def __init__(self, texts: Iterable[str], ordered: bool = True) -> None:
        """Not `ordered`: all that are none of the texts are alike."""
        self._ordered = ordered
        self._sorted = sorted({text.encode() for text in texts})
        self._starts = {text[:end] for text in self._sorted for end in range(len(text) + 1)}
        self.start: Hashable = b""
        read = {byte for text in self._sorted for byte in text}
        classes, number = bytearray(256), 0
        for byte in range(256):
            number += byte in read or byte - 1 in read
            classes[byte] = min(number, 255)
        self.classes = bytes(classes) if number <= 255 else bytes(range(256))

    def step(self, state: Hashable, byte: int) -> Hashable:
        if not isinstance(state, bytes):
            return state
        text = state + bytes([byte])
        return text if text in self._starts else self._place(text)

    def result(self, state: Hashable) -> Hashable:
        if not isinstance(state, bytes):
            return state, False
        place = bisect_left(self._sorted, state)
        equal = place < len(self._sorted) and self._sorted[place] == state
        return place if equal else self._place(state), equal

    def _place(self, text: bytes) -> int:
        return bisect_left(self._sorted, text) if self._ordered else -1


class Prefixes:
    """With the longest of which texts a text begins: one machine for many globs such as `a_*`."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = {text.encode() for text in texts}
        self._starts = {text[:end] for text in self._texts for end in range(len(text) + 1)}
        self.start: Hashable = b""
        self.classes = Order(text.decode() for text in self._texts).classes

    def step(self, state: Hashable, byte: int) -> Hashable:
        if not isinstance(state, bytes):
            return state
        text = state + bytes([byte])
        return text if text in self._starts else (self.result(state),)

    def result(self, state: Hashable) -> Hashable:
        if isinstance(state, tuple):
            (longest,) = state
            assert longest is None or isinstance(longest, bytes)
            return longest
        assert isinstance(state, bytes)
        ends = range(len(state), -1, -1)
        return next((state[:end] for end in ends if state[:end] in self._texts), None)


class Length:
    """How many code points a text has, up to one more than anybody asks."""

    def __init__(self, lengths: Iterable[int]) -> None:
        self.cuts = sorted(set(lengths))
        self.start: Hashable = 0
        self.classes = bytes(0x80 <= byte < 0xC0 for byte in range(256))

    def step(self, state: Hashable, byte: int) -> Hashable:
        assert isinstance(state, int)
        continues = self.classes[byte]
        return state if continues else min(state + 1, self.cuts[-1] + 1)

    def result(self, state: Hashable) -> Hashable:
        assert isinstance(state, int)
        place = bisect_left(self.cuts, state)
        return place, place < len(self.cuts) and self.cuts[place] == state


def literal_pattern(text: str) -> str:
    """The pattern that matches this text and nothing else."""
    return "".join(f"\\{one}" if one.isascii() and not one.isalnum() else one for one in text)
