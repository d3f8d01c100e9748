"""By when what is served now must be answered, where its caller waits so long and no longer.

Kept for each task, and handed on to the tasks that one starts. Must not know the caller. Without a
deadline there is time for ever.
"""

import math
import time
from contextvars import ContextVar

_ends: ContextVar[float] = ContextVar("ends", default=math.inf)


def begin(seconds: float) -> None:
    """From here on, for as long as this task goes on."""
    _ends.set(time.monotonic() + seconds)


def left() -> float:
    """Seconds; infinite without a deadline."""
    return _ends.get() - time.monotonic()
