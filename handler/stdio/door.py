"""The gateway in front of one client that speaks over standard streams.

Must not know where the client is or what is decided. Each line is judged as a POST with the same
body would be; what HTTP says in headers, the door keeps or reads from the body itself.
"""

import asyncio
import logging
from collections.abc import AsyncIterable, Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Protocol

import orjson

from compiler.values import Value
from handler.decision import arguments
from handler.gateway import answers, head, protocol, revisions
from handler.gateway.answers import Reply, Stream
from handler.gateway.head import Head
from handler.gateway.methods import METHODS
from handler.gateway.protocol import Kind, Message, Rejection, RequestId
from handler.gateway.sse import Events
from handler.grants.model import Claim
from handler.stdio.lines import Lines, TooLong, line, with_id

log = logging.getLogger(__name__)

MOST_AT_ONCE = 64
"""Requests of the client's that are served side by side; the next line waits for one to end."""

CANCELLED = "notifications/cancelled"
INITIALIZED = "notifications/initialized"
LISTEN = "subscriptions/listen"

AGAIN_SECONDS = 1.0
"""How long after its end the stream of what a server says unasked is opened again."""

Write = Callable[[bytes], Awaitable[None]]


class Gate(Protocol):
    """What answers messages: the gateway's endpoint."""

    async def answer(self, message: Message, claim: Claim) -> Reply | Stream: ...

    async def follow(self, head: Head, claim: Claim) -> Reply | Stream: ...


class Door:
    """Serves one client's lines. `largest` is how many bytes one of them may have."""

    def __init__(self, gate: Gate, claim: Claim, write: Write, largest: int, most: int) -> None:
        self._gate, self._claim, self._write = gate, claim, write
        self._largest, self._most = largest, most
        self._opened: str | None = None
        """The legacy revision that initialize agreed on."""
        self._modern: str | None = None
        """The revision of the last modern request: its notifications do not name one."""
        self._session: str | None = None
        self._serving: dict[RequestId, asyncio.Task[None]] = {}
        self._silent: set[RequestId] = set()
        self._listening: set[RequestId] = set()
        """Those of the requests in work that only a cancellation ends."""
        self._following: asyncio.Task[None] | None = None
        self._room = asyncio.Semaphore(MOST_AT_ONCE)
        self.over = asyncio.Event()
        """Set once the server's session has ended and the client cannot go on."""

    async def serve(self, chunks: AsyncIterable[bytes]) -> None:
        """Serve until the client's stream ends. Requests may still be in work then."""
        lines = Lines(self._largest)
        async for chunk in chunks:
            try:
                for each in lines.feed(chunk):
                    await self._take(each)
            except TooLong:
                text = "a line is too long, so nothing after it can be read"
                await self._say(answers.error(None, protocol.INVALID_REQUEST, text).body)
                return

    async def settle(self, seconds: float) -> None:
        """Let what is in work end in so many seconds; the rest is given up."""
        for id in self._listening:
            self._serving[id].cancel()
        tasks = list(self._serving.values())
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _take(self, text: bytes) -> None:
        """One line: a request is served beside others, all else in its order."""
        message = protocol.read(self._head(text), text)
        if isinstance(message, Rejection):
            await self._say(answers.rejected(message).body)
            return
        if message.modern and message.kind is Kind.REQUEST:
            self._modern = message.version
        if message.kind is not Kind.REQUEST or message.method == "initialize":
            self._note(message)
            await self._answer(message)
            if message.method == INITIALIZED and not message.modern and self._following is None:
                self._following = asyncio.create_task(self._follow())
            return
        assert message.id is not None
        if message.id in self._serving:
            text_of = "a request with this id is still being served"
            error = answers.error(message.id, protocol.INVALID_REQUEST, text_of)
            await self._say(error.body)
            return
        await self._room.acquire()
        if message.method == LISTEN:
            self._listening.add(message.id)
        self._serving[message.id] = asyncio.create_task(self._beside(message, message.id))

    async def _beside(self, message: Message, id: RequestId) -> None:
        try:
            await self._answer(message)
        finally:
            del self._serving[id]
            self._silent.discard(id)
            self._listening.discard(id)
            self._room.release()

    def _note(self, message: Message) -> None:
        """A cancelled request gets no answer any more."""
        id = message.params.get("requestId")
        if message.method == CANCELLED and isinstance(id, str | int) and id in self._serving:
            self._silent.add(id)
            if id in self._listening:
                self._serving[id].cancel()

    def _head(self, text: bytes) -> Head:
        """The headers that a client of the same words would send over HTTP."""
        values = {"content-type": "application/json", "accept": "text/event-stream"}
        body = _object(text)
        params = _member(body, "params")
        version = _member(params, "_meta").get(revisions.VERSION_KEY)
        if not isinstance(version, str):
            version = self._opened if self._opened or "id" in body else self._modern
        if version is not None:
            values[head.VERSION] = version
        if version in revisions.LEGACY:
            return Head(values | ({head.SESSION: self._session} if self._session else {}))
        method = body.get("method")
        if isinstance(method, str):
            values[head.METHOD] = method
            row = METHODS.get(method)
            name = params.get(row.named_by) if row and row.named_by else None
            if isinstance(name, str):
                values[head.NAME] = head.encode(name)
        return Head(values)

    async def _answer(self, message: Message) -> None:
        try:
            reply = await self._gate.answer(message, self._claim)
            if isinstance(reply, Stream):
                await self._pieces(reply, message.id)
            else:
                await self._reply(message, reply)
        except OSError:
            raise
        except Exception:
            log.exception("a message was refused because serving it failed")
            if message.kind is Kind.REQUEST:
                text = "the gateway could not serve this request"
                await self._say(answers.error(message.id, protocol.INTERNAL_ERROR, text).body)

    async def _pieces(self, stream: Stream, id: RequestId | None) -> None:
        events = Events(self._most)
        async with aclosing(stream.events) as pieces:
            async for piece in pieces:
                for text in events.feed(piece):
                    await self._say(text.encode(), id)

    async def _follow(self) -> None:
        """Pass on what the server says unasked, for as long as there is such a stream."""
        while self._opened is not None:
            values = {"accept": "text/event-stream", head.VERSION: self._opened}
            session = {head.SESSION: self._session} if self._session else {}
            reply = await self._gate.follow(Head(values | session), self._claim)
            if not isinstance(reply, Stream):
                return
            await self._pieces(reply, None)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _reply(self, message: Message, reply: Reply) -> None:
        if message.method == "initialize":
            self._open(reply)
        if message.kind is not Kind.REQUEST or not reply.body:
            return
        if reply.headers and "text/event-stream" in reply.headers.get("Content-Type", ""):
            for text in Events(self._most).feed(reply.body):
                await self._say(text.encode(), message.id)
            return
        await self._say(_addressed(reply.body, message.id), message.id)
        if reply.status == answers.NO_SESSION.status and reply.body == answers.NO_SESSION.body:
            self.over.set()

    def _open(self, reply: Reply) -> None:
        """What a legacy client would send as headers from now on."""
        result = _member(_object(reply.body), "result")
        version = result.get("protocolVersion")
        if isinstance(version, str):
            self._opened, self._session = version, reply.session

    async def _say(self, text: bytes, id: RequestId | None = None) -> None:
        if id is None or id not in self._silent:
            await self._write(line(text))


def _object(text: bytes) -> dict[str, Value]:
    """The JSON object, or an empty one: what is wrong with it, the ladder says."""
    with suppress(arguments.Unreadable):
        value = arguments.read(text)
        if isinstance(value, dict):
            return value
    return {}


def _member(value: dict[str, Value], name: str) -> dict[str, Value]:
    member = value.get(name)
    return member if isinstance(member, dict) else {}


def _addressed(body: bytes, id: RequestId | None) -> bytes:
    """The answer under the request's id, which one that HTTP alone would carry lacks."""
    if orjson.loads(body).get("id") is None:
        return with_id(body.decode(), id).encode()
    return body
