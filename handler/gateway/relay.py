"""Brings an upstream's answer back: one JSON answer where possible, else a stream of events.

Must not know policies or stores. However an exchange ends, `finish` is called exactly once with
that end and makes the reply; in a stream the reply's body is the last event.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import anyio
import orjson

from compiler.frozen import dataclass
from handler.gateway import forward, sse
from handler.gateway.answers import ACCEPTED, Reply, Stream
from handler.gateway.exchange import Arrived, Broken, Lost, NeverReached, Sender, TooLarge
from handler.gateway.protocol import Message
from handler.gateway.screen import Screen, unheard
from handler.gateway.server import Server
from handler.trace import Trace

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answered:
    """A JSON-RPC response. `raw` is as the upstream wrote it, `body` the same, parsed."""

    status: int
    raw: bytes
    body: Mapping[str, Any]
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Unusable:
    """The upstream answered with something that is no response: a status, a reason."""

    status: int
    reason: str


End = Answered | Unusable | NeverReached | Lost
Finish = Callable[[End], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Request:
    """One message on its way. `session` is the upstream's; `streams` whether pieces may go back."""

    server: Server
    message: Message
    body: bytes
    session: str | None
    streams: bool
    trace: Trace | None = None
    """The call that it is, where it is one."""
    changed: Callable[[], None] = unheard
    """Told when the upstream says that its tools are others now."""

    @property
    def head(self) -> dict[str, str]:
        return forward.head(self.message, self.session, self.trace)


def exact(raw: bytes) -> Any:
    """The JSON value, integers of any size kept. Raises ValueError."""
    try:
        return json.loads(raw)
    except RecursionError:
        raise ValueError("nested too deep") from None


async def relay(upstream: Sender, request: Request, finish: Finish) -> Reply | Stream:
    """Send the request and bring back its answer."""
    arrived = await upstream.send(request.server, request.head, request.body)
    if not isinstance(arrived, Arrived):
        return await finish(arrived)
    events = _Events(upstream, request, arrived)
    if arrived.media == "text/event-stream" and not arrived.compressed:
        if not request.streams:
            return await events.gathered(finish)
        first = await events.first()
        if isinstance(first, bytes):
            return Stream(Settled(events.stream(first, finish)), arrived.session)
        return await finish(first)
    async with arrived:
        end = await _in_time(upstream.patience, whole(arrived, request.message))
    return await finish(end)


async def ended(upstream: Sender, request: Request) -> End:
    """The end of a request of the gateway's own; nothing of it goes to an agent."""
    ends: list[End] = []

    async def finish(end: End) -> Reply:
        ends.append(end)
        return ACCEPTED

    await relay(upstream, request, finish)
    return ends[0]


async def _in_time(seconds: float, step: Awaitable[T]) -> T | Lost:
    """What the step gives; a buffered answer must be whole in time, however slowly it drips."""
    try:
        async with asyncio.timeout(seconds):
            return await step
    except TimeoutError:
        return Lost("it did not answer in time")


async def whole(arrived: Arrived, message: Message) -> End:
    """The answer of a body that is not a stream."""
    if arrived.compressed:
        return Unusable(arrived.status, "it compressed its answer unasked")
    try:
        raw = await arrived.body()
    except TooLarge:
        return Unusable(arrived.status, "its answer is too large")
    except Broken:
        return Lost("its answer stopped in the middle")
    response = _response(raw, message)
    if response is None:
        return Unusable(arrived.status, f"it answered {arrived.status} without a JSON-RPC response")
    return Answered(arrived.status, raw, response, arrived.session)


def parsed(raw: bytes | str) -> dict[str, Any] | None:
    """The JSON object, or None where it is none."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _response(raw: bytes, message: Message) -> dict[str, Any] | None:
    """The parsed response to this message; an error may lack its id."""
    body = parsed(raw)
    if body is None or "method" in body or ("result" in body) == ("error" in body):
        return None
    if "result" in body and not isinstance(body["result"], dict):
        return None
    if "error" in body and not isinstance(body["error"], dict):
        return None
    return body if "error" in body or _same(body.get("id"), message.id) else None


def _same(left: object, right: object) -> bool:
    return type(left) is type(right) and left == right


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


class _Events:
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

        async def response() -> End:
            room, found = self._upstream.most, await self._next()
            while isinstance(found, bytes):
                room -= len(found)
                if room >= 0:
                    notices.append(found)
                found = await self._next()
            return found

        try:
            end = await _in_time(self._upstream.patience, response())
        finally:
            self._arrived.close()
        reply = await finish(end)
        last = sse.ascii_json(reply.body.decode())
        body = b"".join(sse.event(each) for each in (*notices, last))
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
                elif (response := _response(text.encode(), self._request.message)) is not None:
                    raw, session = text.encode(), self._arrived.session
                    return Answered(self._arrived.status, raw, response, session)
        except TooLarge:
            return Unusable(self._arrived.status, "an event of its answer is too large")
        except Broken:
            return Lost("its answer stopped in the middle")
        return Lost("its answer ended without a response")
