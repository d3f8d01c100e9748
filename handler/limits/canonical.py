"""One text for equal JSON values and different texts for different ones. Pure.

Must not know what the text is for. Numbers are written as normalised exact decimals (RFC 8785 goes
through doubles and would merge big integers), object members sorted by code point, and types stay
apart: 1, 1.0 and 1e0 are one value, "1" and true are others.
"""

import json

from compiler.values import Value


def canonical(value: Value) -> str:
    """The value as canonical JSON text, in ASCII."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, dict):
        members = (f"{json.dumps(key)}:{canonical(value[key])}" for key in sorted(value))
        return "{" + ",".join(members) + "}"
    return "[" + ",".join(map(canonical, value)) + "]"


def _number(number: int | float) -> str:
    """Sign, digits and exponent, without zeros at either end; zero has no sign.

    Read from the shortest form: Python's exact decimals are ten times as slow, and agents send
    numbers by the million.
    """
    if number == 0:
        return "0"
    mantissa, _, power = repr(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    exponent = int(power or 0) - len(fraction) + len(digits) - len(significant)
    return f"{'-' if number < 0 else ''}{significant}e{exponent}"
