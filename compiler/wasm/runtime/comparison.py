"""Values compared: equality by value, order of numbers and of strings.

Must not know conditions.
"""

from compiler.wasm.abi import (
    COUNT,
    FALSE_KIND,
    FIRST,
    FLAGS,
    KEY,
    KEY_LENGTH,
    KEY_START,
    KIND,
    LENGTH,
    LIST_KIND,
    MAGNITUDE,
    MISSING,
    NEGATIVE,
    NEXT,
    NUMBER_KIND,
    OBJECT_KIND,
    STRING_KIND,
    TEXT,
    TRUE_KIND,
    WEIGHT,
)
from compiler.wasm.runtime.machine import i32, inline, load32, load64, u64
from compiler.wasm.runtime.texts import same


def number_order(left: i32, right: i32) -> i32:
    """The order of two numbers that are readable."""
    sign = 1 - (load32(left + FLAGS) & NEGATIVE) * 2
    if load32(left + FLAGS) & NEGATIVE != load32(right + FLAGS) & NEGATIVE:
        return sign
    difference = load32(left + MAGNITUDE) - load32(right + MAGNITUDE)
    if difference == 0:
        if load64(left + WEIGHT) == load64(right + WEIGHT):
            return 0
        difference = 1 if load64(left + WEIGHT) > load64(right + WEIGHT) else -1
    return difference * sign


@inline
def alike(left: i32, right: i32) -> i32:
    """Whether two values are of one JSON type."""
    return are_alike(load32(left + KIND), load32(right + KIND))


@inline
def are_alike(kind: i32, other: i32) -> i32:
    return kind == other or (FALSE_KIND <= kind <= TRUE_KIND and FALSE_KIND <= other <= TRUE_KIND)


def equal(left: i32, right: i32) -> i32:
    """Typed equality; lists and objects by value. No deeper than the shallower of the two."""
    kind = load32(left + KIND)
    if kind != load32(right + KIND):
        return 0
    if kind == NUMBER_KIND:
        return number_order(left, right) == 0
    if kind == STRING_KIND:
        size = load32(left + LENGTH)
        if size != load32(right + LENGTH):
            return 0
        return same(load32(left + TEXT), load32(right + TEXT), size)
    if kind == LIST_KIND:
        return equal_lists(left, right)
    if kind == OBJECT_KIND:
        return equal_objects(left, right)
    return 1


def equal_lists(left: i32, right: i32) -> i32:
    count = load32(left + COUNT)
    if count != load32(right + COUNT):
        return 0
    left = load32(left + FIRST)
    right = load32(right + FIRST)
    while count:
        if not equal(left, right):
            return 0
        left = load32(left + NEXT)
        right = load32(right + NEXT)
        count -= 1
    return 1


def equal_objects(left: i32, right: i32) -> i32:
    count = load32(left + COUNT)
    if count != load32(right + COUNT):
        return 0
    end = load32(left + NEXT)
    left = load32(left + FIRST)
    while left != end:
        key_start = load64(left + KEY_START)
        other = member(right, load32(left + KEY), load32(left + KEY_LENGTH), key_start)
        if other == MISSING or not equal(left, other):
            return 0
        left = load32(left + NEXT)
    return 1


@inline
def member(node: i32, key: i32, size: i32, key_start: u64) -> i32:
    """The member of an object with this key, or MISSING."""
    return keyed(load32(node + FIRST), load32(node + NEXT), key, size, key_start)


def keyed(at: i32, end: i32, key: i32, size: i32, key_start: u64) -> i32:
    """The member with this key of those between two addresses, or MISSING."""
    while at != end:
        found = load64(at + KEY_START) == key_start and load32(at + KEY_LENGTH) == size
        if found and (size <= 8 or same(load32(at + KEY), key, size)):
            return at
        at = load32(at + NEXT)
    return MISSING
