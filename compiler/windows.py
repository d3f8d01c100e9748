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


LOOSE = re.compile(r"(?:PT(?=.*[HMS]$)|P(?=.*[DW]$))?([0-9]{1,9})\s*([a-z]*)", re.IGNORECASE)
UNITS = {
    ("", "s", "sec", "secs", "second", "seconds"): 1,
    ("m", "min", "mins", "minute", "minutes"): 60,
    ("h", "hr", "hrs", "hour", "hours"): 3_600,
    ("d", "day", "days"): 86_400,
    ("w", "week", "weeks"): 604_800,
}


def seconds_meant(text: str) -> int | None:
    """The seconds that somebody probably means by `60s`, `30 minutes`, `PT1H` or `60`, or None."""
    found = LOOSE.fullmatch(text.strip())
    unit = found[2].lower() if found else None
    sizes = (size for words, size in UNITS.items() if unit in words)
    size = next(sizes, None)
    return None if found is None or size is None else int(found[1]) * size


def duration_text(seconds: int) -> str:
    """`30m`, `2d`: the largest unit that divides."""
    unit = max((one for one in SECONDS if seconds % SECONDS[one] == 0), key=SECONDS.__getitem__)
    return f"{seconds // SECONDS[unit]}{unit}"


def window_meant(text: str) -> str:
    """What to write for a window that `60s`, `24h` or `7 days` means; empty where none is."""
    seconds = seconds_meant(text)
    if seconds is None or seconds_window(seconds) is None:
        return ""
    named = [name for name, window in NAMED.items() if window.name == str(seconds)]
    return f'"{named[0]}"' if named else str(seconds)
