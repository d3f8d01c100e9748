"""JSON values as the language sees them: exact numbers and typed equality.

Must not know policies, calls or paths. A number is an `int`, or a `float` standing for the decimal
that its shortest form spells. Text whose exact value is not that decimal is refused on reading, so
two numbers that came through `read_number` compare exactly with Python's own `<` and `==`.
"""

import re
from typing import TypeAlias

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"

SAFE_INTEGER = 2**53 - 1
"""The largest integer every JSON reader agrees on (RFC 8259, section 6)."""

SMALLEST_64_BIT, LARGEST_64_BIT = -(2**63), 2**64 - 1

NUMBER = re.compile(
    r"(?P<sign>-?)(?P<whole>0|[1-9][0-9]*+)(?:\.(?P<fraction>[0-9]++))?"
    r"(?:[eE](?:\+|(?P<minus>-))?(?P<exponent>[0-9]++))?"
)
"""A number as RFC 8259 writes it."""

LONGEST_64_BIT = 20
"""Digits of the longest integer within 64 bits."""

DOUBLE_DIGITS = 17
"""No shortest form of a double has more significant digits."""

DOUBLE_EXPONENT = 400
"""Beyond it a number of at most 17 digits is no double's shortest form, whatever its digits."""

LONGEST_EXPONENT = 12
"""More digits than the length of any text can outweigh."""


def read_number(text: str) -> int | float | None:
    """The number a JSON token spells, or None where readers would disagree about its value.

    Integers within 64 bits are always read (see `is_comparable`); everything else must equal the
    shortest form of its double. Takes time linear in the text and never
    raises; text that is no JSON number is None too.
    """
    parts = NUMBER.fullmatch(text)
    if parts is None:
        return None
    sign, whole, fraction, minus, exponent = parts.groups()
    if fraction is None and exponent is None and len(whole) <= LONGEST_64_BIT:
        integer = int(text)
        if SMALLEST_64_BIT <= integer <= LARGEST_64_BIT:
            return integer
    digits, power = _shortest(whole, fraction or "", minus, exponent or "0")
    if not digits:
        return -0.0 if sign else 0.0
    if len(digits) > DOUBLE_DIGITS or abs(power) > DOUBLE_EXPONENT:
        return None
    number = float(f"{sign}{digits}e{power}")
    spelled = NUMBER.fullmatch(repr(number))
    if spelled is None:  # an overflow, spelled `inf`
        return None
    _, whole, fraction, minus, exponent = spelled.groups()
    same = _shortest(whole, fraction or "", minus, exponent or "0") == (digits, power)
    return number if same else None


def _shortest(whole: str, fraction: str, minus: str | None, exponent: str) -> tuple[str, int]:
    """A number's significant digits without zeros at either end, and the power of their last.

    An exponent too long to matter is answered with one that is out of every range.
    """
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    exponent = exponent.lstrip("0") or "0"
    shift = int(exponent if len(exponent) <= LONGEST_EXPONENT else "9" * LONGEST_EXPONENT)
    power = len(digits) - len(significant) - len(fraction) + (-shift if minus else shift)
    return significant, power


def is_comparable(number: int | float) -> bool:
    """Whether conditions and costs may read the number: not an integer that some servers round."""
    return abs(number) <= SAFE_INTEGER or not SMALLEST_64_BIT <= number <= LARGEST_64_BIT


def is_readable(value: Value) -> bool:
    """Whether every number anywhere inside the value is comparable. Takes any depth."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, int | float) and not is_comparable(item):
            return False
    return True


def kind(value: Value) -> str:
    """The JSON type of a value: null, boolean, number, string, array or object."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def equal(left: Value, right: Value) -> bool:
    """Typed equality: 5 is not "5", true is not 1, 1 is 1.0; lists and objects by value.

    No deeper than the shallower of the two, and a policy's literals are at most 64 deep.
    """
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    return kind(left) == kind(right) and left == right


def micro_units(number: int | float) -> int | None:
    """A cost or a maximum in millionths, or None beyond 12 digits before or 6 after the point.

    Negative numbers have no cost; the caller says so in its own words.
    """
    from decimal import Decimal  # 1 ms of a cold start, and many calls cost no such number

    exact = Decimal(repr(number))
    if exact < 0 or exact >= 10**12:
        return None
    scaled = exact.scaleb(6)
    return int(scaled) if scaled == scaled.to_integral_value() else None
