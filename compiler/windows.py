"""Windows and durations as a policy writes them. Pure text and numbers.

Must not know clocks: when a window starts is the ledger's part.
"""

import re

from compiler.verdict import Window

NAMED = {
    "second": Window("1"),
    "minute": Window("60"),
    "hour": Window("3600"),
    "day": Window("86400"),
    "week": Window("week"),
    "month": Window("month"),
}
"""`day` is 86400 seconds aligned to the epoch, which is the UTC day; weeks and months are not."""

LONGEST_WINDOW = 31_622_400
"""Seconds: a leap year."""

DURATION = re.compile(r"([1-9][0-9]{0,8})([smhd])")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds_window(seconds: int) -> Window | None:
    """A window of that many seconds, or None out of range."""
    return Window(str(seconds)) if 1 <= seconds <= LONGEST_WINDOW else None


def duration(text: str) -> int | None:
    """The seconds that `30m` or `2d` spells, or None."""
    found = DURATION.fullmatch(text)
    return int(found[1]) * SECONDS[found[2]] if found else None
