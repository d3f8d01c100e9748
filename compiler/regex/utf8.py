"""A set of code points -> the bytes that spell its members in UTF-8, as a tree with shared parts.

Must not know patterns or automata. Surrogates are not characters and have no spelling.
"""

from functools import lru_cache
from typing import TypeAlias

from compiler.regex.ranges import Ranges, union

Spelling: TypeAlias = "tuple[tuple[int, int, Spelling], ...]"
"""First byte, last byte, and what may follow; disjoint and ascending. Empty: the end."""

END: Spelling = ()

LENGTHS = [
    (0x0, 0x7F, 0, 0x00),
    (0x80, 0x7FF, 6, 0xC0),
    (0x800, 0xD7FF, 12, 0xE0),
    (0xE000, 0xFFFF, 12, 0xE0),
    (0x10000, 0x10FFFF, 18, 0xF0),
]
"""First and last code point, bits in the bytes after the lead, marker of the lead byte."""


@lru_cache(maxsize=256)
def spelling(ranges: Ranges) -> Spelling:
    """How to write one member of the set; END where it has none."""
    arcs: list[tuple[int, int, Spelling]] = []
    for first, last, bits, lead in LENGTHS:
        within = [(max(low, first), min(high, last)) for low, high in ranges]
        kept = tuple((low, high) for low, high in within if low <= high)
        arcs += _arcs(kept, bits, lead)
    return tuple(arcs)


@lru_cache(maxsize=1024)
def _arcs(ranges: Ranges, bits: int, marker: int) -> Spelling:
    """The spellings of numbers whose lowest `bits` go into the bytes that follow."""
    if bits == 0:
        return tuple((low | marker, high | marker, END) for low, high in ranges)
    mask = (1 << bits) - 1
    blocks: dict[int, list[tuple[int, int]]] = {}
    for low, high in ranges:
        for block in range(low >> bits, (high >> bits) + 1):
            start = block << bits
            part = (max(low - start, 0), min(high - start, mask))
            blocks.setdefault(block, []).append(part)
    arcs: list[tuple[int, int, Spelling]] = []
    for block, parts in sorted(blocks.items()):
        byte, follow = block | marker, _arcs(union(parts), bits - 6, 0x80)
        if arcs and arcs[-1][1] == byte - 1 and arcs[-1][2] == follow:
            arcs[-1] = (arcs[-1][0], byte, follow)
        else:
            arcs.append((byte, byte, follow))
    return tuple(arcs)
