"""A number in the form the runtime keeps it: 19 digits behind the point, and a power of ten.

Must not know where it stands in memory.
"""

from dataclasses import dataclass
from decimal import Decimal

from compiler.wasm.abi import ZERO_MAGNITUDE

DIGITS = 19


@dataclass(frozen=True, slots=True)
class Number:
    """0.`weight` times ten to the `magnitude`."""

    weight: int
    magnitude: int
    negative: bool


def decimal_of(number: int | float) -> Number:
    """A number that a policy may hold: at most 17 digits."""
    sign, digits, exponent = Decimal(repr(number)).as_tuple()
    assert isinstance(exponent, int)
    significant = "".join(map(str, digits)).lstrip("0")
    if not significant:
        return Number(0, ZERO_MAGNITUDE, negative=False)
    magnitude = len(significant) + exponent
    weight = int(significant.rstrip("0").ljust(DIGITS, "0"))
    return Number(weight, magnitude, negative=bool(sign))
