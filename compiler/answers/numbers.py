"""Numbers strictly between two others: whether there are any, and plain ones to show.

Must not know conditions. The numbers are those a call can hold and a condition can read: integers
up to 2^53-1, and decimals that are the shortest form of a double (compiler.values).
"""

import math
from collections.abc import Iterator
from decimal import ROUND_FLOOR, Decimal

from compiler.meaning import ONE
from compiler.values import (
    LARGEST_64_BIT,
    SAFE_INTEGER,
    SMALLEST_64_BIT,
    is_comparable,
    micro_units,
    read_number,
)

Number = int | float

UNREADABLE = SAFE_INTEGER + 1
"""An integer that no condition reads."""

READABLE = (
    (-SAFE_INTEGER - 1, SAFE_INTEGER + 1),
    (LARGEST_64_BIT, math.inf),
    (-math.inf, SMALLEST_64_BIT),
)
"""Open intervals that together hold every number a condition reads; the most usual first."""

DIGITS = 17
FINEST = 2**33
"""From here on doubles are more than a millionth apart, so each is a whole number of millionths."""
SCANNED = 64
LARGEST_COST = 10**12


def between(low: Number, high: Number) -> Number | None:
    """A number with few digits strictly between the two, near one of them; None: there is none."""
    for first, last in READABLE:
        bottom, top = max(low, first), min(high, last)
        down = not math.isfinite(low) and math.isfinite(high)
        found = _plain(bottom, top, down) if bottom < top else None
        if found is not None:
            return found
    return None


def cost_boundaries(low: Number, high: Number) -> Iterator[Number]:
    """Numbers strictly between the two: one that can be a cost and one that cannot, if any are."""
    if not low < high:
        return
    candidates = (
        *_millionths(low, high),
        between(low, min(high, 0)) if low < 0 else None,
        between(max(low, LARGEST_COST - 1), high) if high > LARGEST_COST else None,
        *_finer(max(low, 0), min(high, FINEST)),
    )
    yield from (one for one in candidates if one is not None and low < one < high)


def _plain(low: Number, high: Number, down: bool) -> Number | None:
    """A number on the coarsest decimal grid with one: the first after `low`, or down from `high`.

    Where the limit on that side is infinite, the other one is taken.
    """
    down = (down and math.isfinite(high)) or not math.isfinite(low)
    for digits in range(DIGITS + 1):
        found = _before(high, digits) if down else _after(low, digits)
        if found is not None and low < found < high:
            return found
    start = float(low) if math.isfinite(low) else -math.inf
    neighbour = start if start > low else math.nextafter(start, math.inf)
    inside = low < neighbour < high and math.isfinite(neighbour) and is_comparable(neighbour)
    return neighbour if inside else None


def _after(low: Number, digits: int) -> Number | None:
    return _read((_floor(low, digits) + 1).scaleb(-digits))


def _before(high: Number, digits: int) -> Number | None:
    return _read((-_floor(-high, digits) - 1).scaleb(-digits))


def _floor(number: Number, digits: int) -> Decimal:
    """The number's place on the grid, rounded down. Decimals of doubles fit a wide context."""
    sign, figures, power = Decimal(repr(number)).as_tuple()
    assert isinstance(power, int)
    whole = int("".join(map(str, figures))) * (-1 if sign else 1)
    shift = power + digits
    return Decimal(whole * 10**shift if shift >= 0 else whole // 10**-shift)


def _read(decimal: Decimal) -> Number | None:
    """The number a decimal spells, where every server reads it alike and a condition can."""
    number = read_number(f"{decimal:f}")
    return number if number is not None and is_comparable(number) else None


def _millionths(low: Number, high: Number) -> Iterator[Number]:
    """The first whole numbers of millionths after `low`, from 0 on."""
    if low < 0 < high:
        yield 0
    first = int(_floor(max(low, 0), 6).to_integral_value(ROUND_FLOOR)) + 1
    for amount in range(first, first + 3) if low < LARGEST_COST else ():
        found = _read(Decimal(amount) / ONE)
        if found is not None and low < found < high:
            yield found
            return
    found = between(low, high)  # far up, where every double is a whole number of millionths
    if found is not None and micro_units(found) is not None:
        yield found


def _finer(low: Number, high: Number) -> Iterator[Number]:
    """Numbers with more than six decimals after `low`, below 2^33."""
    if not low < high:
        return
    start = int(_floor(low, 7))
    grid = (_read(Decimal(start + step).scaleb(-7)) for step in range(1, 12))
    for found in (*grid, *_neighbours(low)):
        if found is not None and low < found < high and micro_units(found) is None:
            yield found
            return


def _neighbours(low: Number) -> Iterator[Number]:
    """The doubles right after `low`."""
    number = float(low)
    for _ in range(SCANNED):
        number = math.nextafter(number, math.inf)
        yield number
