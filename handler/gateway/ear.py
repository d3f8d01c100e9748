"""One standing stream, from what the upstream says to what its client hears.

Must not know how it was opened. Before anything is passed on, and after every few seconds of
silence, it asks whether it still may: no answer ends it. The client's pace is the upstream's.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

import anyio

from compiler.frozen import dataclass
from handler.gateway import answers, sse, subscription
from handler.gateway.exchange import Arrived, Broken, TooLarge
from handler.gateway.methods import ACKNOWLEDGED, TOOLS_CHANGED
from handler.gateway.protocol import Message
from handler.gateway.relay import parsed
from handler.gateway.screen import Screen
from handler.gateway.server import Server
from handler.gateway.subscription import Filter

LARGEST = 1_048_576
"""Bytes of one message on a standing stream."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing that happened: the upstream said something, or nothing for a while.

    `server` is how it is registered now; None where the stream must end.
    """

    server: Server | None
    said: Mapping[str, Any] | None
    """The message, or None for a silence."""
    text: str = ""
    """The message as it was written."""


@dataclass(frozen=True, slots=True)
class Ear:
    """What one client listens with."""

    message: Message
    """The request that opened the stream."""
    arrived: Arrived
    look: Callable[[], Awaitable[Server | None]]
    """How the server is registered now, or None where this client may not hear it any more."""
    look_seconds: float
    """How long a silence may be before the next look."""
    changed: Callable[[Server], Awaitable[None]]
    """Told before the client is that the tools are others now."""
    closing: asyncio.Event
    """Set where the process is to end: then the next look comes at once."""

    async def subscribed(self, wanted: Filter) -> AsyncGenerator[bytes, None]:
        """Modern: the acknowledgment, what was agreed on, and a response where it ends in order."""
        honoured: Filter | None = None
        async with aclosing(self._heard()) as heard:
            async for each in heard:
                said = each.said
                if each.server is None:
                    yield _event(subscription.ending(self.message))
                elif said is None:
                    yield sse.KEEP_ALIVE
                elif "method" not in said:
                    yield _event(self._response(said))
                    return
                elif honoured is None:
                    if said["method"] == ACKNOWLEDGED:
                        honoured = subscription.agreed(wanted, said)
                        yield _event(subscription.acknowledgment(self.message, honoured))
                elif subscription.passes(said, honoured, each.server.allow):
                    yield _event(subscription.notification(self.message, said))

    async def followed(self, screen: Screen) -> AsyncGenerator[bytes, None]:
        """Legacy: notifications, and questions where the server may ask them. No responses."""
        async with aclosing(self._heard()) as heard:
            async for each in heard:
                if each.server is None:
                    return
                if each.said is None:
                    yield sse.KEEP_ALIVE
                elif "method" in each.said and await screen.under(each.server).passes(each.said):
                    yield sse.event(sse.ascii_json(each.text))

    async def _heard(self) -> AsyncGenerator[Heard, None]:
        """What happens, each with a look of its own. Ends after the last look, with the upstream's
        stream, and with a message that is not JSON."""
        async with aclosing(self._texts()) as texts:
            async for text in texts:
                said = parsed(text) if text else None
                if text and said is None:
                    return
                server = await self.look()
                if server is not None and said is not None and said.get("method") == TOOLS_CHANGED:
                    await self.changed(server)
                yield Heard(server, said, text)
                if server is None:
                    return

    async def _texts(self) -> AsyncGenerator[str, None]:
        """The upstream's messages as they come; nothing after each silence."""
        source = self.arrived.events(LARGEST)
        coming: asyncio.Task[str] | None = None
        closing = asyncio.create_task(self.closing.wait())
        try:
            while True:
                coming = coming or asyncio.create_task(_next(source))
                await asyncio.wait(
                    {coming, closing}, timeout=self.look_seconds, return_when="FIRST_COMPLETED"
                )
                if not coming.done():
                    yield ""
                    continue
                text, coming = coming.result(), None
                yield text
        except (Broken, TooLarge):
            return
        finally:
            left = {closing} if coming is None else {closing, coming}
            for task in left:
                task.cancel()
            with anyio.CancelScope(shield=True):
                await asyncio.wait(left)

    def _response(self, said: Mapping[str, Any]) -> bytes:
        """The upstream's own end of the subscription."""
        if isinstance(said.get("error"), dict):
            return answers.passed_error(self.message, said, 200).body
        return subscription.ending(self.message)


async def _next(source: AsyncGenerator[str, None]) -> str:
    """The next message. Raises `Broken` at the end: a standing stream has none of its own."""
    try:
        return await anext(source)
    except StopAsyncIteration:
        raise Broken from None


def _event(body: bytes) -> bytes:
    return sse.event(sse.ascii_json(body.decode()))
