"""Texts as stretches of memory: equal, ordered, found in each other, counted.

May read up to eight bytes behind a text. Must not know JSON.
"""

from compiler.wasm.runtime.machine import i32, load8, load32, load64, narrow, trailing_zeros, wide
from compiler.wasm.runtime.strings import HIGHS, ONES


def same(left: i32, right: i32, size: i32) -> i32:
    """Whether two stretches of memory hold the same bytes."""
    end = left + size
    while left + 8 <= end:
        if load64(left) != load64(right):
            return 0
        left += 8
        right += 8
    rest = end - left
    return rest == 0 or (load64(left) ^ load64(right)) << wide(64 - rest * 8) == 0


def text_order(left: i32, right: i32) -> i32:
    """The order of two texts, each given as where its address and length stand.

    That of their UTF-8 bytes is that of their code points.
    """
    size = load32(left + 4)
    rest = size - load32(right + 4)
    if rest > 0:
        size -= rest
    at = load32(left)
    other = load32(right)
    end = at + size
    while at + 8 <= end and load64(at) == load64(other):
        at += 8
        other += 8
    while at < end:
        difference = load8(at) - load8(other)
        if difference:
            return difference
        at += 1
        other += 1
    return rest


def find_bytes(at: i32, end: i32, part: i32, size: i32) -> i32:
    """Where the part stands first between two addresses, or 0."""
    if size == 0:
        return at
    end -= size
    first = wide(load8(part)) * ONES
    while at <= end:
        # The lowest high bit is that of the first byte that is the part's first.
        others = load64(at) ^ first
        found = others - ONES & ~others & HIGHS
        at += narrow(trailing_zeros(found) >> 3)
        if found != 0:
            if at <= end and same(at, part, size):
                return at
            at += 1
    return 0


def code_points(at: i32, size: i32) -> i32:
    """Every byte of UTF-8 but those that continue a character starts one."""
    count = 0
    end = at + size
    while at < end:
        count += load8(at) & 192 != 128
        at += 1
    return count
