"""What a program says to one agent, until it is over or breaks off.

Must not know requests or where the program's lines come from.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator

from handler.gateway.exchange import Arrived, Broken, TooLarge

MOST_NOTICES = 256
"""Notifications that wait for a reader who is slow; further ones are dropped."""


class Feed(Arrived):
    """What a program says to one agent, in its order. `patience`: seconds it may be silent."""

    def __init__(self, patience: float | None) -> None:
        super().__init__(200, "text/event-stream")
        self._patience = patience
        self._said: deque[str] = deque()
        self._news = asyncio.Event()
        self._over = False
        self._broken = False

    @property
    def unfinished(self) -> bool:
        return not self._over and not self._broken

    def notice(self, text: str) -> None:
        """A notification or a request of the server's for this agent."""
        if len(self._said) < MOST_NOTICES:
            self._said.append(text)
            self._news.set()

    def ends(self, text: str) -> None:
        """The last that is said."""
        self._said.append(text)
        self._over = True
        self._news.set()

    def breaks(self) -> None:
        """Nothing will come any more."""
        self._broken = True
        self._news.set()

    async def events(self, most: int | None = None) -> AsyncGenerator[str, None]:
        while True:
            while self._said:
                text = self._said.popleft()
                if most is not None and len(text) > most:
                    raise TooLarge
                yield text
            if self._over:
                return
            if self._broken:
                raise Broken
            self._news.clear()
            try:
                async with asyncio.timeout(self._patience):
                    await self._news.wait()
            except TimeoutError:
                raise Broken from None
