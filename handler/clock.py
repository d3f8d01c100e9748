"""The one place where time comes from. Times are POSIX seconds (UTC) as floats."""

import time
from typing import Protocol


def wall_time() -> float:
    """The machine's own, which may be set."""
    return time.time()


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> float: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return wall_time()


class FixedClock:
    """A clock that stands where it is put; for tests, simulations and `holdpoint decide`."""

    def __init__(self, time: float) -> None:
        self.time = time

    def now(self) -> float:
        return self.time
