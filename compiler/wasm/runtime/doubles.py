"""Which double a decimal reads as, by large integers: IEEE 754, to nearest, ties to even.

Must not know JSON.
"""

from compiler.wasm.abi import LIMBS
from compiler.wasm.runtime.machine import (
    i32,
    leading_zeros,
    load32,
    narrow,
    store32,
    u64,
    wide,
)

FIVE_TO_13 = 1220703125
HALF_WORD = 4294967295

# A large number: `scaled` times two to the power of `exponent`, the top bit of `scaled` set, and
# whether there is more below it.
scaled: u64 = 0
exponent: i32 = 0
sticky: i32 = 0

# A double: `rounded` times two to the power of `rounded_exponent`; 0 where there is none.
rounded: u64 = 0
rounded_exponent: i32 = 0


def is_shortest(mantissa: u64, digits: i32, power: i32) -> i32:
    """Whether no shorter or closer decimal reads as the same double as this one.

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
