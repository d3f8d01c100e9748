"""A stretch without garbage collection: many objects are made, and no cycle is among them.

Looking for cycles among a million nodes takes longer than reading them. Must not know what is made.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Collecting stops here and, where it was on, starts again at the end."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
