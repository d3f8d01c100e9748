"""Takes out of the embedded store what is past its time, beside the serving.

Must not know what that is; the store does. It goes in small steps with pauses between them, so that
no call waits for it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from handler.clock import Clock
from handler.stores.base import StoreUnavailable

log = logging.getLogger(__name__)

DAY = 24 * 3600

ROUND = 60.0
"""Seconds between rounds."""

PAUSE = 0.05
"""Seconds between two steps of one round."""

STEADY_SECONDS = 600.0
"""How long the clock must have gone evenly before what it says is taken for an end."""

JUMP_SECONDS = 30.0
"""What a clock may be set by between two rounds and still count as going evenly."""

Sweep = Callable[[float, float | None], Awaitable[bool]]
"""One step of the store's: the time now and the retention in seconds -> whether there is more."""


class Cleaning:
    """Rounds of cleaning, until cancelled."""

    def __init__(self, sweep: Sweep, clock: Clock, retention_days: int) -> None:
        """`retention_days`: for how long history is kept; 0 keeps it for ever."""
        self._sweep, self._clock = sweep, clock
        self._kept = float(retention_days * DAY) or None
        self._evenness = Evenness()

    async def run(self) -> None:
        """Clean, wait, and again."""
        while True:
            ticks = asyncio.get_running_loop().time()
            if self._evenness.lasts(self._clock.now(), ticks):
                await self.round()
            await asyncio.sleep(ROUND)

    async def round(self) -> None:
        """Take out all that is past its time. Where the store is away, the next round does it."""
        now = self._clock.now()
        try:
            while await self._sweep(now, self._kept):
                await asyncio.sleep(PAUSE)
        except StoreUnavailable as error:
            log.warning("what is past its time could not be cleaned: %s", error)


class Evenness:
    """For how long a clock has not jumped.

    One that jumps ahead may be set back again, and what it had cleaned meanwhile would be missed:
    the tallies of a day that has only begun.
    """

    def __init__(self) -> None:
        self._ahead: float | None = None
        self._since = 0.0

    def lasts(self, now: float, ticks: float) -> bool:
        """Whether it goes evenly for long enough; `ticks` are seconds of a clock nobody sets."""
        ahead = now - ticks
        if self._ahead is None or abs(ahead - self._ahead) > JUMP_SECONDS:
            self._since = ticks
        self._ahead = ahead
        return ticks - self._since >= STEADY_SECONDS
