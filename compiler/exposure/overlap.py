"""How many windows of one kind a window of another kind can touch. Pure numbers.

Windows in seconds are aligned to the epoch, weeks to Mondays, months to the calendar (UTC). Must
not know limits.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import gcd

from compiler.verdict import Window

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Grid:
    """Where windows of one kind start: at `offset` plus multiples of `grain`, seconds."""

    shortest: int
    longest: int
    grain: int
    offset: int = 0


CALENDAR = {
    "week": Grid(7 * DAY, 7 * DAY, 7 * DAY, 4 * DAY),
    "month": Grid(28 * DAY, 31 * DAY, DAY),
}
"""The epoch was a Thursday; months start on any day."""


def grid(window: Window) -> Grid:
    if window.name in CALENDAR:
        return CALENDAR[window.name]
    seconds = int(window.name)
    return Grid(seconds, seconds, seconds)


@lru_cache
def touched(inside: Window, outer: Window) -> int:
    """At most so many `inside` windows share a moment with one `outer` window."""
    if inside == outer:
        return 1
    inner, whole = grid(inside), grid(outer)
    step = gcd(inner.grain, whole.grain)
    latest = inner.shortest - step + (whole.offset - inner.offset) % step
    return -(-(latest + whole.longest) // inner.shortest)


def touched_by(inside: Window, seconds: int) -> int:
    """At most so many windows share a moment with any stretch of so many seconds."""
    shortest = grid(inside).shortest
    return -(-(shortest - 1 + seconds) // shortest)
