"""Who is writing: a name and a rising sequence, so that a write that arrives twice is told apart.

A lane has one write in flight. The item keeps the highest sequence it took from each lane; a resent
write finds its own there. Knows no item.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from compiler.frozen import dataclass

IDLE_SECONDS = 600.0
"""After this long without a write from it, a lane's slot may be removed from an item."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One write: the lane that makes it, and its place in that lane's sequence."""

    writer: str
    sequence: int

    @property
    def token(self) -> str:
        """Names the write to DynamoDB where it is a transaction (at most 36 characters)."""
        return f"{self.writer}-{self.sequence}"


def is_idle(sequence: int, now: float) -> bool:
    """Sequences follow the clock, in milliseconds, so that age can be read from them."""
    return sequence < (now - IDLE_SECONDS) * 1000


class Lanes:
    """The lanes of this process: as many as it ever had writes in flight at once."""

    def __init__(self) -> None:
        self._free: list[str] = []
        self._last = 0

    @contextmanager
    def lend(self, now: float) -> Iterator[Slot]:
        """A slot for one write that starts at `now`, and for its resending."""
        writer = self._free.pop() if self._free else secrets.token_urlsafe(6)
        self._last = max(self._last + 1, int(now * 1000))
        try:
            yield Slot(writer, self._last)
        finally:
            self._free.append(writer)
