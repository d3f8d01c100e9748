"""By when what is served now must be answered, where its caller waits so long and no longer.

Must not know the caller. Without a deadline there is time for ever.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ends: ContextVar[float] = ContextVar("ends", default=math.inf)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What is done here, and in the tasks it starts, has so long."""
    before = _ends.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends.reset(before)


def left() -> float:
    """Seconds; infinite without a deadline."""
    return _ends.get() - time.monotonic()
