"""Brings an upstream's answer back: one JSON answer where possible, else a stream of events.

Must not know policies or stores, nor how events are read (`events.py`). However an exchange ends,
`finish` is called exactly once with that end and makes the reply; in a stream the reply's body is
the last event.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import orjson

from compiler.frozen import dataclass
from handler.gateway import forward
from handler.gateway.answers import ACCEPTED, Reply, Stream
from handler.gateway.exchange import (
    Arrived,
    Broken,
    Lost,
    NeverReached,
    Sender,
    TooLarge,
    unheard,
)
from handler.gateway.protocol import Message
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
    if arrived.media == "text/event-stream" and not arrived.compressed:
        from handler.gateway import events  # many upstreams answer in one piece

        return await events.answer(upstream, request, arrived, finish)
    async with arrived:
        end = await in_time(upstream.patience, whole(arrived, request.message))
    return await finish(end)


async def ended(upstream: Sender, request: Request) -> End:
    """The end of a request of the gateway's own; nothing of it goes to an agent."""
    ends: list[End] = []

    async def finish(end: End) -> Reply:
        ends.append(end)
        return ACCEPTED

    await relay(upstream, request, finish)
    return ends[0]


async def in_time(seconds: float, step: Awaitable[T]) -> T | Lost:
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
    found = response(raw, message)
    if found is None:
        return Unusable(arrived.status, f"it answered {arrived.status} without a JSON-RPC response")
    return Answered(arrived.status, raw, found, arrived.session)


def parsed(raw: bytes | str) -> dict[str, Any] | None:
    """The JSON object, or None where it is none."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def response(raw: bytes, message: Message) -> dict[str, Any] | None:
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
