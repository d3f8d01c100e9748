"""Times on the command line: `30m`, `2h`, `7d` ago, or a date and time with its zone."""

import re
from datetime import datetime

from handler.failure import CannotRun

UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def ago(text: str, now: float) -> float:
    """POSIX seconds. Raises `CannotRun`."""
    span = re.fullmatch(r"([0-9]{1,9})([smhd])", text)
    return now - int(span[1]) * UNITS[span[2]] if span else at(text)


def at(text: str) -> float:
    """POSIX seconds of a moment. Raises `CannotRun`."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise CannotRun(
            f"`{text}` is not a time: write a moment with its zone, such as "
            "`2027-01-31T00:00:00Z`, or where the past is meant, `30m`, `2h` or `7d`"
        )
    return moment.timestamp()
