"""JSON numbers as exact decimals, refused where readers would disagree about their value.

The rules are those of `compiler.values.read_number` and `is_comparable`. A number beyond 15 digits
or far from 1 is taken only if it is the shortest text of its double, which large integers decide.
"""

from compiler.wasm.abi import LIMBS, NEGATIVE, POWERS, UNREADABLE, ZERO_MAGNITUDE
from compiler.wasm.runtime.machine import (
    i32,
    leading_zeros,
    load8,
    load32,
    load64,
    narrow,
    store32,
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
FIVE_TO_13 = 1220703125
HALF_WORD = 4294967295

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

# A large number: `scaled` times two to the power of `exponent`, the top bit of `scaled` set, and
# whether there is more below it.
scaled: u64 = 0
exponent: i32 = 0
sticky: i32 = 0

# A double: `rounded` times two to the power of `rounded_exponent`; 0 where there is none.
rounded: u64 = 0
rounded_exponent: i32 = 0


def ten_to(count: i32) -> u64:
    return load64(POWERS + count * 8)


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
    return is_shortest()


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


def is_shortest() -> i32:
    """Whether no shorter or closer decimal reads as the same double.

    Shorter ones are multiples of the next power of ten: if any reads as the double, so does one of
    the two that enclose the number. Of two that are equally close the even one is taken. Where the
    double is a power of two, a neighbour may be closer and still read as another double.
    """
    if not round_decimal(mantissa, power):
        return 0
    double = rounded
    double_exponent = rounded_exponent
    if digits > 1:
        shorter = mantissa // 10
        if reads_as(shorter, power + 1, double, double_exponent):
            return 0
        if reads_as(shorter + 1, power + 1, double, double_exponent):
            return 0
    odd = narrow(mantissa & 1)
    scale(mantissa * 2 - 1, power)
    if order_to(double, double_exponent + 1) >= 1 - odd:
        return not reads_as(mantissa - 1, power, double, double_exponent)
    scale(mantissa * 2 + 1, power)
    if order_to(double, double_exponent + 1) <= odd - 1:
        return not reads_as(mantissa + 1, power, double, double_exponent)
    return 1


def reads_as(decimal: u64, power: i32, double: u64, double_exponent: i32) -> i32:
    """Whether the decimal, which may be 0, reads as the double."""
    if decimal == 0:
        return 0
    round_decimal(decimal, power)
    return rounded == double and rounded_exponent == double_exponent


def order_to(double: u64, double_exponent: i32) -> i32:
    """Below 0, 0 or above 0, as the scaled number is less than the double, equal or more."""
    shift = leading_zeros(double)
    difference = exponent - (double_exponent - narrow(shift))
    if difference != 0:
        return difference
    if scaled != double << shift:
        return 1 if scaled > double << shift else -1
    return sticky


def round_decimal(decimal: u64, power: i32) -> i32:
    """The nearest double, ties to even, as IEEE 754 reads; whether there is one but 0."""
    global rounded, rounded_exponent
    rounded = 0
    scale(decimal, power)
    dropped = 11
    if exponent + dropped < -1074:
        dropped = -1074 - exponent
        if dropped > 63:
            return 0
    kept = scaled >> wide(dropped)
    rest = scaled - (kept << wide(dropped))
    half: u64 = 1
    half = half << wide(dropped - 1)
    if rest > half or (rest == half and (sticky or narrow(kept & 1))):
        kept += 1
    rounded_exponent = exponent + dropped
    if kept == 9007199254740992:
        kept = 4503599627370496
        rounded_exponent += 1
    if rounded_exponent > 971:
        return 0
    rounded = kept
    return 1


def scale(decimal: u64, power: i32) -> None:
    """The decimal times ten to the power, exactly up to `sticky`.

    Written with room below it in words of 32 bits, then multiplied or divided by powers of five.
    """
    global scaled, exponent, sticky
    fives = power if power > 0 else 0 - power
    room = 2 if power > 0 else 4 + fives * 2379 // 32768
    at = LIMBS
    end = LIMBS + room * 4
    while at < end:
        store32(at, 0)
        at += 4
    store32(at, narrow(decimal))
    store32(at + 4, narrow(decimal >> 32))
    end += 8
    sticky = 0
    while fives:
        step = FIVE_TO_13 if fives >= 13 else five_to(fives)
        fives = fives - 13 if fives >= 13 else 0
        if power > 0:
            end = multiply(end, wide(step))
        elif divide(end, wide(step)):
            sticky = 1
    while load32(end - 4) == 0:
        end -= 4
    top = wide(load32(end - 4)) << 32 | wide(load32(end - 8))
    shift = leading_zeros(top)
    below = wide(load32(end - 12)) << shift
    scaled = top << shift | below >> 32
    exponent = power - room * 32 + (end - LIMBS - 8) * 8 - narrow(shift)
    if below & HALF_WORD != 0:
        sticky = 1
    at = LIMBS
    while at < end - 12:
        if load32(at):
            sticky = 1
        at += 4


def five_to(count: i32) -> i32:
    product = 1
    while count:
        product = product * 5
        count -= 1
    return product


def multiply(end: i32, factor: u64) -> i32:
    """Multiplies the large number; where it ends now."""
    carry: u64 = 0
    at = LIMBS
    while at < end:
        carry += wide(load32(at)) * factor
        store32(at, narrow(carry))
        carry = carry >> 32
        at += 4
    store32(at, narrow(carry))
    return end + 4


def divide(end: i32, divisor: u64) -> i32:
    """Divides the large number, dropping the remainder; whether there was one."""
    remainder: u64 = 0
    at = end
    while at > LIMBS:
        at -= 4
        remainder = remainder << 32 | wide(load32(at))
        store32(at, narrow(remainder // divisor))
        remainder = remainder % divisor
    return remainder != 0
