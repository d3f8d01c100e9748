"""Which entry of the policy serves a tool. The meaning is that of `compiler.globs`.

Must not know what entries hold.
"""

from compiler.wasm.abi import (
    GLOB_COUNT,
    GLOB_FIRST,
    GLOB_PARTS,
    GLOBS,
    HIDES_ALL,
    SLOT_MASK,
    SLOT_SERVED,
    SLOT_SIZE,
    SLOTS,
    UNLISTED,
)
from compiler.wasm.runtime.machine import i32, load8, load32
from compiler.wasm.runtime.texts import find_bytes, same

HASH_START = 2166136261
HASH_FACTOR = 16777619
"""FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/)."""


def served_by(tool: i32, size: i32) -> i32:
    """Where what serves a tool stands: an entry's address or HIDDEN_ENTRY or 0, and its number."""
    if load32(HIDES_ALL):
        return HIDES_ALL
    hash = hash_of(tool, size)
    mask = load32(SLOT_MASK)
    place = hash & mask
    while True:
        slot = load32(SLOTS) + place * SLOT_SIZE
        if load32(slot + SLOT_SERVED) == 0:
            break
        found = load32(slot) == hash and load32(slot + 8) == size
        if found and same(load32(slot + 4), tool, size):
            return slot + SLOT_SERVED
        place = place + 1 & mask
    return glob_of(tool, size)


def hash_of(at: i32, size: i32) -> i32:
    hash = HASH_START
    end = at + size
    while at < end:
        hash = (hash ^ load8(at)) * HASH_FACTOR
        at += 1
    return hash


def glob_of(tool: i32, size: i32) -> i32:
    """The first glob that matches: they stand in the order in which they win."""
    glob = load32(GLOBS)
    count = load32(GLOB_COUNT)
    while count:
        if matches(glob, tool, tool + size):
            return glob
        glob += GLOB_FIRST + load32(glob + GLOB_PARTS) * 8
        count -= 1
    return UNLISTED


def matches(glob: i32, at: i32, end: i32) -> i32:
    """Whether the name from `at` to `end` is the glob's parts with any text between them."""
    part = glob + GLOB_FIRST
    last = part + load32(glob + GLOB_PARTS) * 8 - 8
    size = load32(part + 4)
    if end - at < size or not same(at, load32(part), size):
        return 0
    at += size
    size = load32(last + 4)
    if end - at < size or not same(end - size, load32(last), size):
        return 0
    end -= size
    part += 8
    while part < last:
        size = load32(part + 4)
        at = find_bytes(at, end, load32(part), size)
        if at == 0:
            return 0
        at += size
        part += 8
    return 1
