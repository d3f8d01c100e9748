"""The one place where time comes from. Times are POSIX seconds (UTC) as floats."""

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> float: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()


@dataclass
class FixedClock:
    """A clock that stands where it is put; for tests, simulations and `holdpoint decide`."""

    time: float

    def now(self) -> float:
        return self.time
