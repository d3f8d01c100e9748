"""What an operator says of a value: true, false or mismatch.

The meaning is that of `compiler.truth`. Must not know paths or rules.
"""

from compiler.wasm.abi import (
    CONDITION_AUTOMATON,
    CONTAINS,
    COUNT,
    ENDS_WITH,
    EQ,
    FALSE,
    FIRST,
    GT,
    IN,
    KIND,
    LENGTH,
    LENGTH_GTE,
    LIST_KIND,
    LT,
    LTE,
    MISMATCH,
    NEXT,
    NUMBER_KIND,
    PATTERN,
    STRING_KIND,
    TEXT,
    TRUE,
    VALUE_SIZE,
)
from compiler.wasm.runtime.automaton import search
from compiler.wasm.runtime.comparison import alike, equal, number_order
from compiler.wasm.runtime.machine import i32, inline, load32
from compiler.wasm.runtime.texts import code_points, find_bytes, same, text_order


@inline
def truth(holds: i32) -> i32:
    return TRUE if holds else FALSE


def compared(condition: i32, operator: i32, node: i32, literal: i32) -> i32:
    """What an operator that is not negated says of a value that is there and readable."""
    if operator == EQ:
        return truth(equal(node, literal)) if alike(node, literal) else MISMATCH
    if operator == IN:
        return listed(node, literal)
    if operator == CONTAINS:
        return contained(node, literal)
    kind = load32(node + KIND)
    if kind != load32(literal + KIND):
        return MISMATCH
    if operator >= PATTERN:
        size = load32(node + LENGTH)
        if operator == PATTERN:
            automaton = load32(condition + CONDITION_AUTOMATON)
            return truth(search(automaton, load32(node + TEXT), size))
        return truth(at_edge(operator, load32(node + TEXT), size, literal))
    order = (
        number_order(node, literal)
        if kind == NUMBER_KIND
        else text_order(node + TEXT, literal + TEXT)
    )
    if operator == LT:
        return truth(order < 0)
    if operator == LTE:
        return truth(order <= 0)
    if operator == GT:
        return truth(order > 0)
    return truth(order >= 0)


def at_edge(operator: i32, text: i32, size: i32, literal: i32) -> i32:
    """Whether a string starts or ends with the literal."""
    part = load32(literal + LENGTH)
    if part > size:
        return 0
    if operator == ENDS_WITH:
        text += size - part
    return same(text, load32(literal + TEXT), part)


def listed(node: i32, literals: i32) -> i32:
    """Whether a value is one of the literals; a mismatch where none is of its type."""
    count = load32(literals + COUNT)
    literal = load32(literals + FIRST)
    found = MISMATCH
    while count:
        if alike(node, literal):
            if equal(node, literal):
                return TRUE
            found = FALSE
        literal = load32(literal + NEXT)
        count -= 1
    return found


def contained(node: i32, literal: i32) -> i32:
    """Whether a string holds the literal, or a list an element equal to it."""
    kind = load32(node + KIND)
    if kind == STRING_KIND and load32(literal + KIND) == STRING_KIND:
        return truth(has_part(node, literal))
    if kind != LIST_KIND:
        return MISMATCH
    count = load32(node + COUNT)
    item = load32(node + FIRST)
    found = FALSE
    while count:
        if equal(item, literal):
            return TRUE
        if not alike(item, literal):
            found = MISMATCH
        item = load32(item + NEXT)
        count -= 1
    return found


def has_part(node: i32, literal: i32) -> i32:
    size = load32(literal + LENGTH)
    return find_bytes(
        load32(node + TEXT),
        load32(node + TEXT) + load32(node + LENGTH),
        load32(literal + TEXT),
        size,
    )


def length_answer(operator: i32, node: i32, literal: i32) -> i32:
    """Reads the length and nothing else, so unreadable numbers inside a list do not matter."""
    kind = load32(node + KIND)
    if kind == STRING_KIND:
        length = code_points(load32(node + TEXT), load32(node + LENGTH))
    elif kind == LIST_KIND:
        length = load32(node + COUNT)
    else:
        return MISMATCH
    # The literal is a whole number, kept beside its value as 32 bits (see emit).
    bound = load32(literal + VALUE_SIZE)
    if operator == LENGTH_GTE:
        return truth(length >= bound)
    return truth(length <= bound)
