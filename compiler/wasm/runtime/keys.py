"""Whether no two of many keys are the same: sorted, then compared with their neighbours.

Comparing each with each, as `reader` does with few, would let a caller ask for hours of work.
"""

from compiler.wasm.abi import FIRST, KEY, NEXT
from compiler.wasm.runtime.comparison import text_order
from compiler.wasm.runtime.machine import i32, load32, store32


def are_distinct(node: i32, count: i32, keys: i32) -> i32:
    """Whether the object's keys are; there is room for so many words at `keys` (heapsort)."""
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
