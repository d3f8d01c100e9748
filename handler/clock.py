"""The one place where time comes from. Times are POSIX seconds (UTC) as floats."""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> float: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()


class FixedClock:
    """A clock that stands where it is put; for tests, simulations and `holdpoint decide`."""

    def __init__(self, time: float) -> None:
        self.time = time

    def now(self) -> float:
        return self.time
