"""JSON values as the language sees them: exact numbers and typed equality.

Must not know policies, calls or paths. A number is an `int`, or a `float` standing for the decimal
that its shortest form spells. Text whose exact value is not that decimal is refused on reading, so
two numbers that came through `read_number` compare exactly with Python's own `<` and `==`.
"""

from decimal import Decimal, InvalidOperation
from typing import TypeAlias

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"

SAFE_INTEGER = 2**53 - 1
"""The largest integer every JSON reader agrees on (RFC 8259, section 6)."""

SMALLEST_64_BIT, LARGEST_64_BIT = -(2**63), 2**64 - 1


def read_number(text: str) -> int | float | None:
    """The number a JSON token spells, or None where readers would disagree about its value.

    Integers within 64 bits are always read (see `is_comparable`); everything else must equal the
    shortest form of its double.
    """
    if text.lstrip("-").isdigit():
        if len(text) > 400:
            return None
        integer = int(text)
        if SMALLEST_64_BIT <= integer <= LARGEST_64_BIT:
            return integer
    number = float(text)
    if number in (float("inf"), float("-inf")):
        return None
    try:
        exact = Decimal(text)
    except InvalidOperation:  # an exponent past what Decimal holds
        return None
    return number if exact == Decimal(repr(number)) else None


def is_comparable(number: int | float) -> bool:
    """Whether conditions and costs may read the number: not an integer that some servers round."""
    return abs(number) <= SAFE_INTEGER or not SMALLEST_64_BIT <= number <= LARGEST_64_BIT


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
    """Typed equality: 5 is not "5", true is not 1, 1 is 1.0; lists and objects by value."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    return kind(left) == kind(right) and left == right


def micro_units(number: int | float) -> int | None:
    """A cost or a maximum in millionths, or None beyond 12 digits before or 6 after the point.

    Negative numbers have no cost; the caller says so in its own words.
    """
    exact = Decimal(repr(number))
    scaled = exact.scaleb(6)
    if exact < 0 or exact >= 10**12 or scaled != scaled.to_integral_value():
        return None
    return int(scaled)
