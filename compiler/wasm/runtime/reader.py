"""JSON text to values in memory, refused where two readers could read two things from it.

The rules are those of `handler.decision.arguments`: strict JSON and UTF-8, at most 64 objects and
lists inside each other, no duplicate key, no half character, no number that readers round. The
text must end in a NUL byte, which is no part of any JSON, so that no address needs a check.
"""

from compiler.wasm.abi import (
    COUNT,
    FALSE_KIND,
    FLAGS,
    INPUT,
    KIND,
    LENGTH,
    LIST_KIND,
    MAGNITUDE,
    MALFORMED,
    NEXT,
    NULL_KIND,
    NUMBER_KIND,
    OBJECT_KIND,
    SOURCE,
    SOURCE_END,
    STRING_KIND,
    TEXT,
    TOO_LARGE,
    TRUE_KIND,
    UNREADABLE,
    VALUE_SIZE,
    WEIGHT,
)
from compiler.wasm.runtime.comparison import same, text_order
from compiler.wasm.runtime.machine import i32, load8, load32, pages, store32, store64
from compiler.wasm.runtime.numbers import flags, magnitude, number, weight
from compiler.wasm.runtime.strings import length, string, text

PAGE = 65_536
SLACK = 64
"""What may be read or written past the limit: one value and eight bytes."""
DEEPEST = 64
FEW = 12
"""Up to so many keys are compared each with each."""

free: i32 = 0
"""Where the next value goes; always a multiple of 8."""
limit: i32 = 0
"""Where the memory ends for values and decoded strings."""
failure: i32 = 0
"""What a text was refused for last: MALFORMED or TOO_LARGE."""


def start_reading(end: i32) -> i32:
    """Whether the input, which ends at `end`, leaves room for values; they then start behind it."""
    global free, limit
    free = end + 8 & -8
    limit = pages() * PAGE - SLACK
    return load32(INPUT) <= end and end <= limit


def no_members() -> i32:
    """An object without members."""
    global free
    node = free
    free += VALUE_SIZE
    store32(node + KIND, OBJECT_KIND)
    store32(node + COUNT, 0)
    store32(node + FLAGS, 0)
    return node


def read(at: i32, end: i32) -> i32:
    """The value of the text from `at` to `end`, or 0."""
    global failure
    failure = MALFORMED
    value_at = free
    at = value(at, end, 0)
    if at == 0 or blank(at) != end:
        return 0
    return value_at


def blank(at: i32) -> i32:
    """The address of the first byte that is no white space."""
    while True:
        byte = load8(at)
        if byte > 32 or not (byte == 32 or byte == 10 or byte == 13 or byte == 9):
            return at
        at += 1


def value(at: i32, end: i32, depth: i32) -> i32:
    """Reads the value at `at` to `free`; the address behind its text, or 0."""
    global free, failure
    at = blank(at)
    node = free
    if node > limit:
        failure = TOO_LARGE
        return 0
    free = node + VALUE_SIZE
    store32(node + FLAGS, 0)
    store32(node + SOURCE, at)
    byte = load8(at)
    if byte == 34:
        at = string_value(node, at + 1, end)
    elif byte == 123:
        at = object_value(node, at + 1, end, depth)
    elif byte == 91:
        at = list_value(node, at + 1, end, depth)
    elif byte == 116:
        store32(node + KIND, TRUE_KIND)
        at = at + 4 if load32(at) == 0x65757274 else 0
    elif byte == 102:
        store32(node + KIND, FALSE_KIND)
        at = at + 5 if load32(at + 1) == 0x65736C61 else 0
    elif byte == 110:
        store32(node + KIND, NULL_KIND)
        at = at + 4 if load32(at) == 0x6C6C756E else 0
    else:
        at = number(at)
        store32(node + KIND, NUMBER_KIND)
        store64(node + WEIGHT, weight)
        store32(node + MAGNITUDE, magnitude)
        store32(node + FLAGS, flags)
    store32(node + SOURCE_END, at)
    store32(node + NEXT, free)
    return at


def string_value(node: i32, at: i32, end: i32) -> i32:
    global free, failure
    if free + end - at > limit and free + escaped_room(at) > limit:
        failure = TOO_LARGE
        return 0
    at = string(at, free)
    store32(node + KIND, STRING_KIND)
    store32(node + TEXT, text)
    store32(node + LENGTH, length)
    if text == free:
        free += length + 7 & -8
    return at


def escaped_room(at: i32) -> i32:
    """No decoded string is longer than what stands up to its closing quote."""
    start = at
    while load8(at) != 34 and load8(at) != 0:
        at += 2 if load8(at) == 92 else 1
    return at - start


def list_value(node: i32, at: i32, end: i32, depth: i32) -> i32:
    store32(node + KIND, LIST_KIND)
    if depth == DEEPEST:
        return 0
    count = 0
    unreadable = 0
    at = blank(at)
    if load8(at) == 93:
        at += 1
    else:
        while True:
            item = free
            at = value(at, end, depth + 1)
            if at == 0:
                return 0
            unreadable = unreadable | load32(item + FLAGS)
            count += 1
            at = blank(at) + 1
            byte = load8(at - 1)
            if byte == 93:
                break
            if byte != 44:
                return 0
    store32(node + COUNT, count)
    store32(node + FLAGS, unreadable & UNREADABLE)
    return at


def object_value(node: i32, at: i32, end: i32, depth: i32) -> i32:
    store32(node + KIND, OBJECT_KIND)
    if depth == DEEPEST:
        return 0
    count = 0
    unreadable = 0
    at = blank(at)
    if load8(at) == 125:
        at += 1
    else:
        while True:
            at = blank(at)
            if load8(at) != 34:
                return 0
            at = value(at, end, depth + 1)
            if at == 0:
                return 0
            at = blank(at)
            if load8(at) != 58:
                return 0
            item = free
            at = value(at + 1, end, depth + 1)
            if at == 0:
                return 0
            unreadable = unreadable | load32(item + FLAGS)
            count += 1
            at = blank(at) + 1
            byte = load8(at - 1)
            if byte == 125:
                break
            if byte != 44:
                return 0
    store32(node + COUNT, count)
    store32(node + FLAGS, unreadable & UNREADABLE)
    return at if has_distinct_keys(node, count) else 0


def has_distinct_keys(node: i32, count: i32) -> i32:
    if count > FEW:
        return has_many_distinct_keys(node, count)
    key = node + VALUE_SIZE
    while count > 1:
        other = next_key(key)
        left = count - 1
        while left:
            size = load32(key + LENGTH)
            if size == load32(other + LENGTH) and same_text(key, other, size):
                return 0
            other = next_key(other)
            left -= 1
        key = next_key(key)
        count -= 1
    return 1


def same_text(left: i32, right: i32, size: i32) -> i32:
    return same(load32(left + TEXT), load32(right + TEXT), size)


def next_key(key: i32) -> i32:
    return load32(load32(key + NEXT) + NEXT)


def has_many_distinct_keys(node: i32, count: i32) -> i32:
    """Sorts the keys' addresses behind the values (heapsort), then compares neighbours."""
    global failure
    keys = free
    end = keys + count * 4
    if end > limit:
        failure = TOO_LARGE
        return 0
    at = keys
    key = node + VALUE_SIZE
    while at < end:
        store32(at, key)
        key = next_key(key)
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
