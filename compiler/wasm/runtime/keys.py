"""An object's keys: each in its member, and no two of them the same. Must not know JSON text."""

from compiler.wasm.abi import FIRST, KEY, KEY_LENGTH, KEY_START, NEXT
from compiler.wasm.runtime.comparison import keyed
from compiler.wasm.runtime.machine import i32, load32, load64, store32, store64, u64, wide
from compiler.wasm.runtime.texts import text_order

FEW = 64
"""So many keys of an object are compared as they are read, where a bit of theirs has been seen."""
SPREAD = 0x9E3779B97F4A7C15
"""Odd and without a pattern: a product with it has mixed bits at its top (Fibonacci hashing)."""


def named(node: i32, parent: i32, count: i32, key: i32, size: i32, seen: u64) -> u64:
    """Names a member of `parent`; the bits of all its keys so far, or 0 where it has two the same.

    Only a key whose bit another has is compared with those before it.
    """
    start = load64(key)
    if size < 8:
        start = start & (1 << wide(size * 8)) - 1
    store32(node + KEY, key)
    store32(node + KEY_LENGTH, size)
    store64(node + KEY_START, start)
    bit: u64 = 1
    bit = bit << ((start ^ wide(size)) * SPREAD >> 58)
    if seen & bit != 0 and count < FEW and keyed(load32(parent + FIRST), node, key, size, start):
        return 0
    return seen | bit


def are_distinct(node: i32, count: i32, keys: i32) -> i32:
    """Whether no two of many keys are the same; there is room for a word each at `keys`.

    Sorted (heapsort), then compared with their neighbours: comparing each with each would let a
    caller ask for hours of work.
    """
    end = keys + count * 4
    at = keys
    member = load32(node + FIRST)
    while at < end:
        store32(at, member + KEY)
        member = load32(member + NEXT)
        at += 4
    first = count // 2
    last = count
    while last > 1:
        if first:
            first -= 1
            sift(keys, first, last, load32(keys + first * 4))
        else:
            last -= 1
            key = load32(keys + last * 4)
            store32(keys + last * 4, load32(keys))
            sift(keys, 0, last, key)
    at = keys + 4
    while at < end:
        if text_order(load32(at - 4), load32(at)) == 0:
            return 0
        at += 4
    return 1


def sift(keys: i32, hole: i32, last: i32, key: i32) -> None:
    """Puts the key where it belongs in the heap below the hole."""
    child = hole * 2 + 1
    while child < last:
        if child + 1 < last:
            child += text_order(load32(keys + child * 4), load32(keys + child * 4 + 4)) < 0
        if text_order(key, load32(keys + child * 4)) >= 0:
            break
        store32(keys + hole * 4, load32(keys + child * 4))
        hole = child
        child = hole * 2 + 1
    store32(keys + hole * 4, key)
