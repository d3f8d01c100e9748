"""JSON text to values in memory, refused where two readers could read two things from it.

The rules are those of `handler.decision.arguments`: strict JSON and UTF-8, at most 64 objects and
lists inside each other, no duplicate key, no half character, no number that readers round. The
text must end in a NUL byte, which is no part of any JSON, so that no address needs a check. Must
not know the policy.
"""

from compiler.wasm.abi import (
    COUNT,
    FIRST,
    FLAGS,
    INPUT,
    KIND,
    LENGTH,
    LIST_KIND,
    MAGNITUDE,
    MALFORMED,
    MEMBER_SIZE,
    NEXT,
    OBJECT_KIND,
    SOURCE,
    SOURCE_END,
    STRING_KIND,
    TEXT,
    TOO_LARGE,
    UNREADABLE,
    VALUE_SIZE,
)
from compiler.wasm.runtime.keys import FEW, are_distinct, named
from compiler.wasm.runtime.machine import (
    i32,
    load8,
    load32,
    load64,
    narrow,
    pages,
    store32,
    store64,
    trailing_zeros,
    u64,
)
from compiler.wasm.runtime.numbers import number_value
from compiler.wasm.runtime.strings import escaped_room, length, special, string, text
from compiler.wasm.runtime.words import word_value

PAGE = 65_536
SLACK = 64
"""What may be read or written past the limit: one value and eight bytes."""
DEEPEST = 64

SPACE, QUOTE, COMMA, COLON, NINE, LIST_END, OBJECT_START, OBJECT_END = b' ",:9]{}'

PARENT, SEEN, RUINED = NEXT, MAGNITUDE, SOURCE_END
"""What an open list or object holds: the one around it, or 0, where the memory is unused; while
one inside it is read also COUNT, the bits of its keys (64 bits), and whether it has an unreadable
number so far."""

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


def read(at: i32, end: i32) -> i32:
    """The value of the text from `at` to `end`, or 0."""
    global failure
    failure = MALFORMED
    node = free
    at = values(at, end)
    if at == 0 or blank(at) != end:
        return 0
    return node


def blank(at: i32) -> i32:
    """The address of the first byte that is no white space."""
    while True:
        byte = load8(at)
        if byte > SPACE or not (byte == SPACE or byte == 10 or byte == 13 or byte == 9):
            return at
        at += 1


def values(at: i32, end: i32) -> i32:
    """Reads the value at `at`, and all inside it, to `free`; the address behind its text, or 0.

    One loop, since calling a function for each value takes longer than reading most of them. In an
    object a value's key comes first; behind a value a comma leads to the next one, and `closing`
    ends the `parent`, the list or object that it is in.
    """
    global free, failure
    behind = free
    parent = 0
    closing = 0
    depth = 0
    count = 0
    unreadable = 0
    seen: u64 = 0
    while True:
        node = behind
        behind = node + VALUE_SIZE
        if node > limit:
            failure = TOO_LARGE
            return 0
        byte = load8(at)
        if byte <= SPACE:
            at = blank(at)
            byte = load8(at)
        if closing == OBJECT_END:
            if byte != QUOTE:
                return 0
            behind = node + MEMBER_SIZE
            at += 1
            start = at
            step = 8
            while step == 8:
                step = narrow(trailing_zeros(special(load64(at))) >> 3)
                at += step
            if load8(at) == QUOTE:
                size = at - start
                at += 1
            else:
                at = decoded(start, at, end, behind)
                if at == 0:
                    return 0
                start = text
                size = length
                if start == behind:
                    behind += size + 7 & -8
            seen = named(node, parent, count, start, size, seen)
            if seen == 0:
                return 0
            byte = load8(at)
            if byte <= SPACE:
                at = blank(at)
                byte = load8(at)
            if byte != COLON:
                return 0
            at += 1
            byte = load8(at)
            if byte <= SPACE:
                at = blank(at)
                byte = load8(at)
        store32(node + SOURCE, at)
        store32(node + FLAGS, 0)
        if byte == QUOTE:
            store32(node + KIND, STRING_KIND)
            at += 1
            start = at
            step = 8
            while step == 8:
                step = narrow(trailing_zeros(special(load64(at))) >> 3)
                at += step
            if load8(at) == QUOTE:
                store32(node + TEXT, start)
                store32(node + LENGTH, at - start)
                at += 1
            else:
                at = decoded(start, at, end, behind)
                store32(node + TEXT, text)
                store32(node + LENGTH, length)
                if text == behind:
                    behind += length + 7 & -8
        elif (byte | 32) == OBJECT_START:  # or that of a list
            store32(node + KIND, OBJECT_KIND if byte == OBJECT_START else LIST_KIND)
            store32(node + FIRST, behind)
            if depth == DEEPEST:
                return 0
            at = blank(at + 1)
            if load8(at) != byte + 2:
                store32(parent + COUNT, count)
                store32(parent + RUINED, unreadable)
                store64(parent + SEEN, seen)
                store32(node + PARENT, parent)
                parent = node
                closing = byte + 2
                depth += 1
                count = 0
                unreadable = 0
                seen = 0
                continue
            at += 1
            store32(node + COUNT, 0)
        elif byte > NINE:
            at = word_value(node, at)
        else:
            at = number_value(node, at)
        if at == 0:
            return 0
        while True:
            store32(node + SOURCE_END, at)
            store32(node + NEXT, behind)
            if parent == 0:
                free = behind
                return at
            unreadable = unreadable | load32(node + FLAGS)
            count += 1
            byte = load8(at)
            if byte <= SPACE:
                at = blank(at)
                byte = load8(at)
            at += 1
            if byte != closing:
                break
            node = parent
            parent = load32(node + PARENT)
            store32(node + COUNT, count)
            store32(node + FLAGS, unreadable & UNREADABLE)
            if closing == OBJECT_END and count > FEW:
                if behind + count * 4 > limit:
                    failure = TOO_LARGE
                    return 0
                if not are_distinct(node, count, behind):
                    return 0
            count = load32(parent + COUNT)
            unreadable = load32(parent + RUINED)
            seen = load64(parent + SEEN)
            closing = OBJECT_END if load32(parent + KIND) == OBJECT_KIND else LIST_END
            depth -= 1
        if byte != COMMA:
            return 0


def decoded(start: i32, at: i32, end: i32, room: i32) -> i32:
    """Reads on at the first byte of a string that is not plain; the address behind it, or 0.

    The string is in `text` and `length`; where it has escapes it is decoded to `room`.
    """
    global failure
    if room + end - start > limit and room + escaped_room(start) > limit:
        failure = TOO_LARGE
        return 0
    return string(start, at, room)
