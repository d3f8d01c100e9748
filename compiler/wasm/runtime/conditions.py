"""What a path finds, and what a condition says of it. The meaning is that of `compiler.meaning`.

Must not know rules.
"""

from compiler.wasm.abi import (
    CONDITION_LITERAL,
    CONDITION_NEGATED,
    CONDITION_OPERATOR,
    CONDITION_PATH,
    COUNT,
    EVERY_STEP,
    EXISTS,
    FALSE,
    FIRST,
    FIRST_STEP,
    FLAGS,
    KEY_STEP,
    KIND,
    LENGTH_LTE,
    LIST_KIND,
    MISMATCH,
    MISPLACED,
    MISSING,
    NEXT,
    NULL_KIND,
    OBJECT_KIND,
    STEP_SIZE,
    TRUE,
    TRUE_KIND,
    UNREADABLE,
)
from compiler.wasm.runtime.comparison import member
from compiler.wasm.runtime.facts import root_of
from compiler.wasm.runtime.machine import (
    i32,
    load32,
    load64,
)
from compiler.wasm.runtime.operators import compared, length_answer, truth


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
