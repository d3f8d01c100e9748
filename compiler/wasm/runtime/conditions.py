"""What a path finds, and what an operator says of it: true, false or mismatch.

The meaning is that of `compiler.truth` and `compiler.meaning`.
"""

from compiler.wasm.abi import (
    CONDITION_AUTOMATON,
    CONDITION_LITERAL,
    CONDITION_NEGATED,
    CONDITION_OPERATOR,
    CONDITION_PATH,
    CONTAINS,
    COUNT,
    ENDS_WITH,
    EQ,
    EVERY_STEP,
    EXISTS,
    FALSE,
    FIRST,
    FIRST_STEP,
    FLAGS,
    GT,
    IN,
    KEY_STEP,
    KIND,
    LENGTH,
    LENGTH_GTE,
    LENGTH_LTE,
    LIST_KIND,
    LT,
    LTE,
    MISMATCH,
    MISPLACED,
    MISSING,
    NEXT,
    NULL_KIND,
    NUMBER_KIND,
    OBJECT_KIND,
    PATTERN,
    STEP_SIZE,
    STRING_KIND,
    TEXT,
    TRUE,
    TRUE_KIND,
    UNREADABLE,
    VALUE_SIZE,
)
from compiler.wasm.runtime.automaton import search
from compiler.wasm.runtime.comparison import alike, equal, member, number_order, same, text_order
from compiler.wasm.runtime.facts import root_of
from compiler.wasm.runtime.machine import (
    i32,
    inline,
    load8,
    load32,
    load64,
    narrow,
    trailing_zeros,
    wide,
)
from compiler.wasm.runtime.strings import HIGHS, ONES


def find(path: i32) -> i32:
    """What a path without `[*]` leads to: a value, MISSING or MISPLACED."""
    node = root_of(path)
    step = path + FIRST_STEP
    end = step + load32(path + 4) * STEP_SIZE
    while step < end:
        node = inside(node, step)
        step += STEP_SIZE
    return node


def inside(node: i32, step: i32) -> i32:
    """Where one step leads, by key or by index."""
    if node <= MISPLACED:
        return node
    kind = load32(node + KIND)
    if kind == NULL_KIND:
        return MISSING
    if load32(step) == KEY_STEP:
        if kind != OBJECT_KIND:
            return MISPLACED
        key = load32(step + 4)
        return member(node, key, load32(step + 8), load64(key))
    if kind != LIST_KIND:
        return MISPLACED
    index = load32(step + 4)
    if index >= load32(node + COUNT):
        return MISSING
    node = load32(node + FIRST)
    while index:
        node = load32(node + NEXT)
        index -= 1
    return node


def ask(condition: i32, good: i32) -> i32:
    """The answer of a condition; with `[*]` that of the first element that is not `good`."""
    path = load32(condition + CONDITION_PATH)
    step = path + FIRST_STEP
    return follow(condition, good, root_of(path), step, step + load32(path + 4) * STEP_SIZE)


def follow(condition: i32, good: i32, node: i32, step: i32, end: i32) -> i32:
    """The answer from here on, `end` being where the steps end."""
    while step < end:
        if load32(step) == EVERY_STEP and node > MISPLACED:
            if load32(node + KIND) != LIST_KIND:
                node = MISPLACED
            elif load32(node + COUNT):
                return follow_every(condition, good, node, step + STEP_SIZE, end)
            else:
                node = MISSING
        else:
            node = inside(node, step)
        step += STEP_SIZE
    return answer(condition, node)


def follow_every(condition: i32, good: i32, node: i32, step: i32, end: i32) -> i32:
    count = load32(node + COUNT)
    node = load32(node + FIRST)
    while count:
        found = follow(condition, good, node, step, end)
        if found != good:
            return found
        node = load32(node + NEXT)
        count -= 1
    return good


def answer(condition: i32, node: i32) -> i32:
    """What the condition says of what its path found."""
    if node == MISPLACED:
        return MISMATCH
    operator = load32(condition + CONDITION_OPERATOR)
    negated = load32(condition + CONDITION_NEGATED)
    literal = load32(condition + CONDITION_LITERAL)
    if operator == EXISTS:
        present = node != MISSING and load32(node + KIND) != NULL_KIND
        return truth(present == (load32(literal + KIND) == TRUE_KIND))
    if node == MISSING:
        return MISMATCH if negated else FALSE
    if operator >= LENGTH_LTE:
        return length_answer(operator, node, literal)
    if load32(node + FLAGS) & UNREADABLE:
        return MISMATCH
    found = compared(condition, operator, node, literal)
    if negated and found != MISMATCH:
        return TRUE + FALSE - found
    return found


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


def code_points(at: i32, size: i32) -> i32:
    """Every byte of UTF-8 but those that continue a character starts one."""
    count = 0
    end = at + size
    while at < end:
        count += load8(at) & 192 != 128
        at += 1
    return count
