"""The values that paths start from: the arguments, the grant and the time.

Must not know the steps of a path.
"""

from compiler.wasm.abi import (
    ARGUMENTS_ROOT,
    DIGITS,
    FLAGS,
    GRANT_KEY,
    GRANT_ROOT,
    HOUR_ROOT,
    KIND,
    MAGNITUDE,
    MISPLACED,
    NEGATIVE,
    NUMBER_KIND,
    OBJECT_KIND,
    READS_CONTEXT,
    TIME_KEY,
    WEIGHT,
)
from compiler.wasm.runtime.comparison import member
from compiler.wasm.runtime.machine import i32, load8, load32, load64, narrow, store8, store32, u64
from compiler.wasm.runtime.numbers import ten_to
from compiler.wasm.runtime.reader import read

WEEKS = 604_800_000_000_000_000
"""A whole number of weeks, in seconds, longer than any time: times before the epoch count from
there."""
DAY, HOUR = 86_400, 3_600
LONGEST_TIME = 15
"""Digits of seconds before the point."""

arguments: i32 = 0
grant: i32 = 0
hour: i32 = 0
weekday: i32 = 0


def root_of(path: i32) -> i32:
    root = load32(path)
    if root == ARGUMENTS_ROOT:
        return arguments
    if root == GRANT_ROOT:
        return grant
    return hour if root == HOUR_ROOT else weekday


def read_arguments(at: i32, end: i32) -> i32:
    """Reads the arguments, an object; no text at all is an empty one."""
    global arguments
    arguments = no_arguments() if at == end else read_text(at, end)
    return is_object(arguments)


def no_arguments() -> i32:
    """The value of `{}`, written where no input is."""
    store32(DIGITS, 0x7D7B)
    return read(DIGITS, DIGITS + 2)


def read_text(at: i32, end: i32) -> i32:
    """The value of a text, which ends in a NUL byte while it is read; or 0."""
    behind = load8(end)
    store8(end, 0)
    node = read(at, end)
    store8(end, behind)
    return node


def is_object(node: i32) -> i32:
    return node > MISPLACED and load32(node + KIND) == OBJECT_KIND


def read_context(at: i32, end: i32) -> i32:
    """Reads `{"grant": {"label", "tags"}, "time"}`, where the policy has paths into it."""
    global grant
    if not load32(READS_CONTEXT):
        return 1
    context = read_text(at, end)
    if not is_object(context):
        return 0
    key = load32(GRANT_KEY)
    grant = member(context, key, 5, load64(key))
    key = load32(TIME_KEY)
    read_time(member(context, key, 4, load64(key)))
    return 1


def read_time(time: i32) -> None:
    """The hour and the weekday, UTC, of POSIX seconds; misplaced where there are none."""
    global hour, weekday
    hour = MISPLACED
    weekday = MISPLACED
    if time <= MISPLACED or load32(time + KIND) != NUMBER_KIND:
        return
    if load32(time + MAGNITUDE) > LONGEST_TIME:
        return
    seconds = whole_seconds(time)
    # The epoch was a Thursday; Monday is 1 (ISO 8601).
    weekday = small_number(narrow((seconds // DAY + 3) % 7) + 1, DIGITS)
    hour = small_number(narrow(seconds % DAY // HOUR), DIGITS + 8)


def whole_seconds(time: i32) -> u64:
    """The time rounded down, counted from WEEKS before the epoch."""
    magnitude = load32(time + MAGNITUDE)
    seconds: u64 = 0
    rest = load64(time + WEIGHT)
    if magnitude > 0:
        unit = ten_to(19 - magnitude)
        seconds = rest // unit
        rest = rest % unit
    if load32(time + FLAGS) & NEGATIVE:
        return WEEKS - seconds - (1 if rest != 0 else 0)
    return WEEKS + seconds


def small_number(number: i32, at: i32) -> i32:
    """The value of a number of one or two digits, written at `at`, where no input is."""
    start = at
    if number > 9:
        store8(at, 48 + number // 10)
        at += 1
    store8(at, 48 + number % 10)
    store8(at + 1, 0)
    return read(start, at + 1)
