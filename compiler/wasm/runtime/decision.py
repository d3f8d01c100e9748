"""The decision on one call: `decide`, the only function a host calls.

The order is that of `compiler.meaning`. Must not know names, messages or tallies.
"""

from compiler.wasm.abi import (
    ALLOW,
    ANSWER_ARRAY,
    ANSWERS,
    APPROVE_IF,
    CHARGE_ARRAY,
    CHARGE_SIZE,
    CHARGES,
    DEFAULT_DENY,
    DENY,
    DENY_IF,
    DETAIL,
    ENTRY,
    ENTRY_APPROVE_IF,
    ENTRY_CONDITIONS,
    ENTRY_DENY_IF,
    ENTRY_LIMITS,
    ENTRY_LISTS,
    ENTRY_REQUIRE,
    FALSE,
    FLAGS,
    HIDDEN,
    HIDDEN_ENTRY,
    HOLD_ARRAY,
    HOLDS,
    INPUT,
    KIND,
    LIMIT,
    LIMIT_COST,
    LIMIT_COUNT,
    LIMIT_PER,
    MAGNITUDE,
    MISMATCH,
    MISPLACED,
    MISSING,
    NOTHING,
    NUMBER_KIND,
    ONE,
    OUTPUT,
    OUTPUT_END,
    REASON,
    REQUIRE,
    REQUIRE_APPROVAL,
    ROW,
    RULE_APPROVERS,
    RULE_CONDITIONS,
    RULE_COUNT,
    SOURCE,
    SOURCE_END,
    SPAN_ARRAY,
    SPANS,
    TOO_LARGE,
    TRUE,
    UNREADABLE,
    WEIGHT,
)
from compiler.wasm.runtime.conditions import ask, find
from compiler.wasm.runtime.facts import read_arguments, read_context
from compiler.wasm.runtime.machine import (
    i32,
    load32,
    load64,
    store8,
    store32,
    store64,
    u64,
)
from compiler.wasm.runtime.numbers import ten_to
from compiler.wasm.runtime.reader import failure, start_reading
from compiler.wasm.runtime.tools import served_by

answers: i32 = 0
"""Where the answers of the next rule's conditions go."""
spans: i32 = 0
"""Where the next `per` value goes."""


def decide(tool_size: i32, arguments_size: i32, context_size: i32) -> i32:
    """The effect on the call whose tool, arguments and context stand in the input one after the
    other, or MALFORMED or TOO_LARGE. Everything else stands in the output."""
    at = OUTPUT
    while at < OUTPUT_END:
        store64(at, 0)
        at += 8
    tool = load32(INPUT)
    body = tool + tool_size
    context = body + arguments_size
    if not start_reading(context + context_size):
        return TOO_LARGE
    served = served_by(tool, tool_size)
    entry = load32(served)
    if entry <= HIDDEN_ENTRY:
        return deny(HIDDEN if entry else DEFAULT_DENY, 0, 0)
    store32(ENTRY, load32(served + 4))
    if not (read_arguments(body, context) and read_context(context, context + context_size)):
        return failure
    start_answers(load32(entry + ENTRY_CONDITIONS))
    return judge(entry)


def start_answers(count: i32) -> None:
    """Marks every condition of the entry as not asked."""
    global answers
    answers = load32(ANSWER_ARRAY)
    store32(ANSWERS, count)
    at = answers
    while at < answers + count:
        store64(at, 0)
        at += 8


def deny(reason: i32, which: i32, detail: i32) -> i32:
    store32(REASON, reason)
    store32(ROW, which)
    store32(DETAIL, detail)
    store32(CHARGES, 0)
    store32(HOLDS, 0)
    store32(SPANS, 0)
    return DENY


def judge(entry: i32) -> i32:
    at = entry + ENTRY_LISTS
    count = load32(entry + ENTRY_REQUIRE)
    which = 0
    while which < count:
        detail = failed(load32(at + which * 4))
        if detail >= 0:
            return deny(REQUIRE, which, detail)
        which += 1
    at += count * 4
    count = load32(entry + ENTRY_DENY_IF)
    which = 0
    while which < count:
        detail = holds(load32(at + which * 4))
        if detail >= 0:
            return deny(DENY_IF, which, detail)
        which += 1
    at += count * 4
    return admit(at, load32(entry + ENTRY_APPROVE_IF), load32(entry + ENTRY_LIMITS))


def failed(rule: i32) -> i32:
    """-1 where all conditions of a `require` are true; else which one is a mismatch, from 1, or 0
    where the first that is not true is plainly false."""
    global answers
    answer_at = answers
    count = load32(rule + RULE_COUNT)
    answers += count
    index = 0
    while index < count:
        found = ask(load32(rule + RULE_CONDITIONS + index * 4), TRUE)
        store8(answer_at + index, found)
        index += 1
        if found != TRUE:
            return index if found == MISMATCH else 0
    return -1


def holds(rule: i32) -> i32:
    """-1 where a condition is false; else which one is the first mismatch, from 1, or 0."""
    global answers
    answer_at = answers
    count = load32(rule + RULE_COUNT)
    answers += count
    index = 0
    detail = 0
    while index < count:
        found = ask(load32(rule + RULE_CONDITIONS + index * 4), FALSE)
        store8(answer_at + index, found)
        index += 1
        if found == FALSE:
            return -1
        if found == MISMATCH and detail == 0:
            detail = index
    return detail


def admit(at: i32, rules: i32, limits: i32) -> i32:
    """An allowance or a hold with its charges, or a denial where one of them cannot be made.

    `at` is where the entry's `approve_if` rules stand; its limits follow them.
    """
    global spans
    spans = load32(SPAN_ARRAY)
    which = 0
    while which < limits:
        at_charge = CHARGE_ARRAY + which * CHARGE_SIZE
        store32(at_charge, which)
        detail = charge(load32(at + (rules + which) * 4), at_charge + 8)
        if detail >= 0:
            return deny(LIMIT, which, detail)
        which += 1
    store32(CHARGES, limits)
    store32(SPANS, (spans - load32(SPAN_ARRAY)) // 8)
    held = load32(HOLD_ARRAY)
    which = 0
    while which < rules:
        rule = load32(at + which * 4)
        detail = holds(rule)
        if detail >= 0:
            store32(held, which)
            store32(held + 4, detail)
            held += 8
            if load32(rule + RULE_APPROVERS) == 0:
                return deny(APPROVE_IF, which, detail)
        which += 1
    count = (held - load32(HOLD_ARRAY)) // 8
    if count == 0:
        store32(REASON, NOTHING)
        return ALLOW
    store32(REASON, APPROVE_IF)
    store32(ROW, load32(load32(HOLD_ARRAY)))
    store32(DETAIL, load32(load32(HOLD_ARRAY) + 4))
    store32(HOLDS, count)
    return REQUIRE_APPROVAL


def charge(limit_at: i32, cost_at: i32) -> i32:
    """Writes what a limit takes; -1, or which path cannot be taken: 0 the cost's, else a `per`."""
    global spans
    cost: u64 = ONE
    path = load32(limit_at + LIMIT_COST)
    if path:
        node = find(path)
        if not has_cost(node):
            return 0
        cost = micro_units(node)
    store64(cost_at, cost)
    count = load32(limit_at + LIMIT_COUNT)
    index = 0
    while index < count:
        node = find(load32(limit_at + LIMIT_PER + index * 4))
        index += 1
        if node == MISPLACED or (node != MISSING and load32(node + FLAGS) & UNREADABLE):
            return index
        start = 0
        end = 0
        if node != MISSING:
            start = load32(node + SOURCE)
            end = load32(node + SOURCE_END)
        store32(spans, start)
        store32(spans + 4, end - start)
        spans += 8
    return -1


def has_cost(node: i32) -> i32:
    """Whether it is a number of at least 0 with at most 12 digits before and 6 after the point."""
    if node <= MISPLACED or load32(node + KIND) != NUMBER_KIND or load32(node + FLAGS):
        return 0
    magnitude = load32(node + MAGNITUDE)
    if load64(node + WEIGHT) == 0:
        return 1
    return -5 <= magnitude <= 12 and load64(node + WEIGHT) % ten_to(13 - magnitude) == 0


def micro_units(node: i32) -> u64:
    """The cost of a number that has one."""
    if load64(node + WEIGHT) == 0:
        return 0
    return load64(node + WEIGHT) // ten_to(13 - load32(node + MAGNITUDE))
