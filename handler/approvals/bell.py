"""Tells waiters of this process that an approval may have changed. Losing a ring only delays."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Bell:
    """One event loop's bell. Answers given in other processes are seen by polling instead."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[asyncio.Event]] = {}
        self.closed = False

    def ring(self, approval_id: str) -> None:
        for listener in self._listeners.get(approval_id, ()):
            listener.set()

    def close(self) -> None:
        """Wake everybody for good: this process ends, and nobody may wait in it any longer."""
        self.closed = True
        for approval_id in tuple(self._listeners):
            self.ring(approval_id)

    @contextmanager
    def listening(self, approval_id: str) -> Iterator[asyncio.Event]:
        """An event that every ring from here on sets. Read the store after this, not before."""
        event = asyncio.Event()
        listeners = self._listeners.setdefault(approval_id, set())
        listeners.add(event)
        try:
            yield event
        finally:
            listeners.discard(event)
            if not listeners:
                self._listeners.pop(approval_id, None)


async def rung(event: asyncio.Event, seconds: float) -> bool:
    """Wait for a ring, at most so long. Whether it rang."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
