"""When a window starts and ends. Pure: time is an argument.

Must not know limits or tallies. Windows are aligned: to the epoch for those in seconds, to Monday
00:00 UTC for `week`, to the first of the calendar month, UTC, for `month`.
"""

import math
from collections.abc import Callable
from datetime import UTC, datetime

from compiler.verdict import Window

DAY = 86_400
WEEK = 7 * DAY
FIRST_MONDAY = 4 * DAY
"""The epoch was a Thursday; 1970-01-05 was the first Monday after it."""

Bounds = tuple[int, int]
"""Start (inclusive) and end (exclusive), POSIX seconds."""


def bounds(window: Window, now: float) -> Bounds:
    """The window that holds `now` (POSIX seconds)."""
    second = math.floor(now)
    calendar = CALENDAR.get(window.name)
    return calendar(second) if calendar else _aligned(second, int(window.name), 0)


def _aligned(second: int, length: int, origin: int) -> Bounds:
    first = second - (second - origin) % length
    return first, first + length


def _week(second: int) -> Bounds:
    return _aligned(second, WEEK, FIRST_MONDAY)


def _month(second: int) -> Bounds:
    day = datetime.fromtimestamp(second, UTC)
    first = datetime(day.year, day.month, 1, tzinfo=UTC)
    after = datetime(day.year + day.month // 12, day.month % 12 + 1, 1, tzinfo=UTC)
    return int(first.timestamp()), int(after.timestamp())


CALENDAR: dict[str, Callable[[int], Bounds]] = {"week": _week, "month": _month}
