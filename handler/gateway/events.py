"""An upstream's answer that is a stream of events, on its way to the client.

Must not know policies or stores. What may not pass is screened out; the response, or what is said
in its place, is the last event.
"""

from collections.abc import AsyncGenerator
from dataclasses import replace

import anyio

from handler.gateway import sse
from handler.gateway.answers import Reply, Stream
from handler.gateway.exchange import Arrived, Broken, Lost, Sender, TooLarge
from handler.gateway.relay import (
    Answered,
    End,
    Finish,
    Request,
    Unusable,
    in_time,
    parsed,
    response,
)
from handler.gateway.screen import Screen


async def answer(
    upstream: Sender, request: Request, arrived: Arrived, finish: Finish
) -> Reply | Stream:
    """The events as they come, where the request may be streamed to, else all of them at once."""
    events = Events(upstream, request, arrived)
    if not request.streams:
        return await events.gathered(finish)
    first = await events.first()
    if isinstance(first, bytes):
        return Stream(Settled(events.stream(first, finish)), arrived.session)
    return await finish(first)


class Settled:
    """The pieces of an answer that must be settled, also where its client left before the first."""

    def __init__(self, pieces: AsyncGenerator[bytes, None]) -> None:
        self._pieces, self._begun = pieces, False

    def __aiter__(self) -> "Settled":
        return self

    async def __anext__(self) -> bytes:
        self._begun = True
        return await anext(self._pieces)

    async def aclose(self) -> None:
        if not self._begun:
            await anext(self)  # the first piece is there: only what was begun can be ended
        await self._pieces.aclose()


class Events:
    """The events of one answer: what may pass, what is refused, and where the response is."""

    def __init__(self, upstream: Sender, request: Request, arrived: Arrived) -> None:
        self._upstream = upstream
        self._request = request
        self._arrived = arrived
        self._source = arrived.events()
        self._screen = Screen(
            upstream,
            request.server,
            request.message,
            request.head,
            asks=request.streams and not request.message.modern,
            changed=request.changed,
        )

    async def first(self) -> bytes | End:
        """The first event that should be sent on, or the end where the response comes first."""
        ended: bytes | End | None = None
        try:
            ended = await self._next()
        finally:
            if not isinstance(ended, bytes):
                self._arrived.close()
        return ended

    async def gathered(self, finish: Finish) -> Reply:
        """The whole answer at once: the events that may pass, if there are any, then the reply.

        Notifications that would make it too large are left out: the reply matters more.
        """
        notices: list[bytes] = []

        async def last() -> End:
            room, found = self._upstream.most, await self._next()
            while isinstance(found, bytes):
                room -= len(found)
                if room >= 0:
                    notices.append(found)
                found = await self._next()
            return found

        try:
            end = await in_time(self._upstream.patience, last())
        finally:
            self._arrived.close()
        reply = await finish(end)
        ending = sse.ascii_json(reply.body.decode())
        body = b"".join(sse.event(each) for each in (*notices, ending))
        if not notices or reply.status != 200 or len(body) > self._upstream.most:
            return reply
        return replace(reply, body=body, headers={"Content-Type": "text/event-stream"})

    async def stream(self, first: bytes, finish: Finish) -> AsyncGenerator[bytes, None]:
        """Every event that may pass, then the reply. Ends the exchange where the client leaves."""
        end: End = Lost("the client left before the answer came")
        try:
            found: bytes | End = first
            while isinstance(found, bytes):
                yield sse.event(found)
                found = await self._next()
            end = found
        finally:
            self._arrived.close()
            with anyio.CancelScope(shield=True):
                reply = await finish(end)
        yield sse.event(sse.ascii_json(reply.body.decode()))

    async def _next(self) -> bytes | End:
        try:
            async for text in self._source:
                event = parsed(text)
                if event is None:
                    return Unusable(self._arrived.status, "an event of its answer is not JSON")
                if "method" in event:
                    if await self._screen.passes(event):
                        return sse.ascii_json(text)
                elif (found := response(text.encode(), self._request.message)) is not None:
                    raw, session = text.encode(), self._arrived.session
                    return Answered(self._arrived.status, raw, found, session)
        except TooLarge:
            return Unusable(self._arrived.status, "an event of its answer is too large")
        except Broken:
            return Lost("its answer stopped in the middle")
        return Lost("its answer ended without a response")
