"""JSON numbers as exact decimals, refused where readers would disagree about their value.

The rules are those of `compiler.values.read_number` and `is_comparable`. A number beyond 15 digits
or far from 1 is taken only if it is the shortest text of its double, which large integers decide.
Must not know what is compared or counted.
"""

from compiler.wasm.abi import (
    FLAGS,
    KIND,
    MAGNITUDE,
    NEGATIVE,
    NUMBER_KIND,
    POWERS,
    UNREADABLE,
    WEIGHT,
    ZERO_MAGNITUDE,
)
from compiler.wasm.runtime.doubles import is_shortest
from compiler.wasm.runtime.machine import (
    i32,
    inline,
    load8,
    load64,
    store32,
    store64,
    u64,
    wide,
)

MOST_64_BIT = 18446744073709551615
MOST_NEGATIVE_64_BIT = 9223372036854775808
SAFE = 9007199254740991
DOUBLE_DIGITS = 17
EXACT_DIGITS = 15
"""Every decimal of so many digits is the shortest text of its double."""
LARGEST_POWER = 400
LONGEST_EXPONENT = 100_000

# The number last read: its digits without zeros at either end, and the power of the last.
mantissa: u64 = 0
digits: i32 = 0
power: i32 = 0
negative: i32 = 0
zeros: i32 = 0
"""Zeros read since the last digit of the mantissa."""

# The same in the form that is kept (see abi): weight, magnitude, flags.
weight: u64 = 0
magnitude: i32 = 0
flags: i32 = 0


@inline
def ten_to(count: i32) -> u64:
    return load64(POWERS + count * 8)


def number_value(node: i32, at: i32) -> i32:
    """Reads the number at `at` to a node; the address behind it, or 0 where no call may hold it.

    Up to 15 digits without an exponent need no care, and most numbers have no more.
    """
    minus = load8(at) == 45
    first = at + minus
    end = first
    short: u64 = 0
    digit = load8(end) - 48
    while 0 <= digit <= 9:
        short = short * 10 + wide(digit)
        end += 1
        digit = load8(end) - 48
    count = end - first
    fraction = 0
    if digit == 46 - 48:
        point = end + 1
        end = point
        digit = load8(end) - 48
        while 0 <= digit <= 9:
            short = short * 10 + wide(digit)
            end += 1
            digit = load8(end) - 48
        fraction = end - point
        if fraction == 0:
            return 0
    store32(node + KIND, NUMBER_KIND)
    if count == 0 or (count > 1 and load8(first) == 48):
        return 0
    count += fraction
    if count > EXACT_DIGITS or (digit | 32) == 101 - 48:
        end = number(at)
        store64(node + WEIGHT, weight)
        store32(node + MAGNITUDE, magnitude)
        store32(node + FLAGS, flags)
        return end
    while count and short < ten_to(count - 1):
        count -= 1
    store64(node + WEIGHT, short * ten_to(19 - count))
    store32(node + MAGNITUDE, count - fraction if count else ZERO_MAGNITUDE)
    store32(node + FLAGS, minus * NEGATIVE if count else 0)
    return end


def number(at: i32) -> i32:
    """The address behind the number at `at`, or 0 where no call may hold it."""
    global mantissa, digits, power, negative, zeros
    mantissa = 0
    digits = 0
    zeros = 0
    negative = load8(at) == 45
    at += negative
    start = at
    at = digit_run(at)
    whole = at - start
    if whole == 0 or (whole > 1 and load8(start) == 48):
        return 0
    integer = 1
    power = 0
    if load8(at) == 46:
        integer = 0
        start = at + 1
        at = digit_run(start)
        power = start - at
        if power == 0:
            return 0
    if load8(at) | 32 == 101:
        integer = 0
        at = exponent_part(at + 1)
        if at == 0:
            return 0
    power += zeros
    if not (digits == 0 or (integer and is_64_bit()) or is_double()):
        return 0
    keep()
    return at


def digit_run(at: i32) -> i32:
    """Reads digits into the mantissa; the address behind them."""
    global mantissa, digits, zeros
    while True:
        digit = load8(at) - 48
        if not 0 <= digit <= 9:
            return at
        at += 1
        if digit == 0:
            zeros += digits > 0
        else:
            digits += zeros + 1
            add_digit(digit)
            zeros = 0


def add_digit(digit: i32) -> None:
    """Appends the digit behind the zeros. Past 64 bits `digits` becomes more than 20."""
    global mantissa, digits
    if digits < 20:
        mantissa = mantissa * ten_to(zeros + 1) + wide(digit)
    elif digits == 20:
        before = mantissa * ten_to(zeros)
        mantissa = before * 10 + wide(digit)
        if before > MOST_64_BIT // 10 or mantissa < before:
            digits = 21


def exponent_part(at: i32) -> i32:
    """Reads what stands behind the `e` into the power; the address behind it, or 0."""
    global power
    minus = load8(at) == 45
    if minus or load8(at) == 43:
        at += 1
    start = at
    exponent = 0
    while 48 <= load8(at) <= 57:
        if exponent < LONGEST_EXPONENT:
            exponent = exponent * 10 + load8(at) - 48
        at += 1
    power += 0 - exponent if minus else exponent
    return 0 if at == start else at


def is_64_bit() -> i32:
    """Whether the integer fits 64 bits: then it is forwarded as written."""
    length = digits + zeros
    if length < 19:
        return 1
    if length > 20 or mantissa > MOST_64_BIT // ten_to(zeros):
        return 0
    return not negative or mantissa * ten_to(zeros) <= MOST_NEGATIVE_64_BIT


def is_double() -> i32:
    """Whether the decimal is the shortest text of its double."""
    if digits > DOUBLE_DIGITS or power > LARGEST_POWER or power < 0 - LARGEST_POWER:
        return 0
    largest = digits + power
    if digits <= EXACT_DIGITS and -306 <= largest <= 308:
        return 1
    return is_shortest(mantissa, digits, power)


def keep() -> None:
    """The number read, in the form that is kept."""
    global weight, magnitude, flags
    if digits == 0:
        weight = 0
        magnitude = ZERO_MAGNITUDE
        flags = 0
        return
    weight = mantissa // 10 if digits == 20 else mantissa * ten_to(19 - digits)
    magnitude = digits + power
    flags = negative * NEGATIVE
    if is_rounded():
        flags = flags | UNREADABLE


def is_rounded() -> i32:
    """Whether it is within 64 bits and past the integers that every server keeps."""
    if magnitude <= 15 or magnitude >= 21:
        return 0
    if magnitude == 16:
        return weight > SAFE * 1000
    if negative:
        # The double at the edge of 64 bits is spelled with these digits.
        return magnitude < 19 or (magnitude == 19 and weight <= 9223372036854776000)
    return magnitude < 20 or weight <= MOST_64_BIT // 10
