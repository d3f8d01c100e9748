"""An automaton at work: bytes in, an answer per text out.

Must not know patterns: this is all of `compiler.regex` that a running gateway loads.

Encoded form, little endian:

| bytes | what |
|---|---|
| 2 | number of states, S |
| 2 | number of byte classes, K |
| 2 | start state |
| 256 | the class of each byte |
| S | 1 where a text that ends in that state matches, else 0 |
| 2 S K | for each state the next state by class |

State 0 has no way to a match and state 1 has matched: both only lead to themselves.
"""

import struct
from dataclasses import dataclass
from functools import cached_property

NEVER, MATCHED = 0, 1
"""The two states that reading on cannot change."""

HEADER = struct.Struct("<HHH")


@dataclass(frozen=True)
class Dfa:
    """A deterministic automaton over UTF-8 that answers whether a text contains a match."""

    start: int
    classes: bytes
    """256 entries: the class of each byte."""
    ends: bytes
    """One entry a state: 1 where a text that ends there matches."""
    rows: tuple[int, ...]
    """Next states, row by row, as many to a row as there are classes."""

    @property
    def states(self) -> int:
        return len(self.ends)

    @property
    def width(self) -> int:
        """The number of byte classes."""
        return len(self.rows) // len(self.ends)

    def search(self, text: str) -> bool:
        """Whether the text contains a match. Linear in the text; stops at the first match."""
        rows, first_live = self._steps
        at = self.start * self.width
        if at >= first_live:
            for symbol in text.encode("utf-8", "surrogatepass").translate(self.classes):
                at = rows[at + symbol]
                if at < first_live:
                    return at != 0
        return self.ends[at // self.width] == 1

    @cached_property
    def _steps(self) -> tuple[list[int], int]:
        """The rows with each state as the place its row starts, and where live states begin."""
        width = self.width
        return [state * width for state in self.rows], (MATCHED + 1) * width

    def encode(self) -> bytes:
        """The bytes the module's docstring describes."""
        header = HEADER.pack(self.states, self.width, self.start)
        rows = struct.pack(f"<{len(self.rows)}H", *self.rows)
        return header + self.classes + self.ends + rows

    @classmethod
    def decode(cls, data: bytes) -> "Dfa":
        """The automaton `encode` wrote. Raises ValueError for bytes it cannot have written."""
        if len(data) < HEADER.size:
            raise ValueError("the automaton is cut short")
        states, width, start = HEADER.unpack_from(data)
        ends_at = HEADER.size + 256
        rows_at = ends_at + states
        if len(data) != rows_at + 2 * states * width:
            raise ValueError("the automaton's length disagrees with its header")
        classes = data[HEADER.size : ends_at]
        rows = struct.unpack_from(f"<{states * width}H", data, rows_at)
        if not (states > MATCHED and width and max(classes) < width and max(*rows, start) < states):
            raise ValueError("the automaton names a state or a class that it does not have")
        return cls(start, classes, data[ends_at:rows_at], rows)
