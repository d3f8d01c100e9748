"""HTTP in, HTTP out: one MCP endpoint for each server. Must not know what a request means.

A request is read no further than its size allows, and nothing but one identical 401 is answered
before its token is known to be good.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from handler.clock import Clock
from handler.gateway import answers, cors, protocol
from handler.gateway.admission import Admission, within
from handler.gateway.answers import Reply
from handler.gateway.bounds import Bounds
from handler.gateway.claims import NO_ANSWER, Claims
from handler.gateway.enforce import Enforcement
from handler.gateway.head import VERSION, Head, read_head
from handler.gateway.meter import Meter
from handler.gateway.protocol import INVALID_REQUEST, Kind, Message, Rejection
from handler.gateway.relay import Pieces, Stream
from handler.gateway.revisions import ASSUMED, LEGACY, Era
from handler.gateway.surface import Surface
from handler.gateway.tokens import Foreign
from handler.grants.model import Claim
from handler.oauth.metadata import challenge
from handler.stores.base import StoreUnavailable

if TYPE_CHECKING:  # what checks signatures is loaded only where tokens are accepted
    from handler.oauth.entrance import Entrance

log = logging.getLogger(__name__)

STREAM_HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}

TOO_LARGE = Rejection(INVALID_REQUEST, "the body is too large", 413)
FOREIGN_ORIGIN = Rejection(INVALID_REQUEST, "this origin is not allowed", 403)
NO_STREAM = Rejection(protocol.METHOD_NOT_FOUND, "this server has no stream of its own", 405)


class Endpoint:
    """Serves POST, GET, DELETE and OPTIONS /mcp/{server}."""

    def __init__(
        self,
        *,
        admission: Admission,
        enforcement: Enforcement,
        surface: Surface,
        meter: Meter,
        clock: Clock,
        bounds: Bounds,
        claims: Claims,
        entrance: "Entrance | None" = None,
    ) -> None:
        """`entrance` is told of in challenges, where there is one."""
        self._claims, self._entrance = claims, entrance
        self._admission, self._enforcement, self._surface = admission, enforcement, surface
        self._meter, self._clock, self._bounds = meter, clock, bounds

    async def serve(self, request: Request) -> Response:
        """The HTTP response to one HTTP request. The last line of any failure is a refusal."""
        head = read_head((k.decode("latin-1"), v.decode("latin-1")) for k, v in request.headers.raw)
        response = await self._served(request, head)
        response.headers.update(cors.headers(head, self._bounds.origins))
        return response

    async def _served(self, request: Request, head: Head) -> Response:
        try:
            return _response(self._challenged(await self._reply(request, head), request))
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception:
            log.exception("a request was refused because serving it failed")
            return _response(answers.rejected(NO_ANSWER))

    def close(self) -> None:
        """End what would go on for as long as its client likes."""
        self._surface.close()

    async def _reply(self, request: Request, head: Head) -> Reply | Stream:
        if request.method == "OPTIONS":
            return cors.preflight(head, self._bounds.origins)
        claim = await self._claims.claim(head, request.path_params["server"])
        if not isinstance(claim, Claim):
            return claim
        if (origin := head.get("origin")) is not None and origin not in self._bounds.origins:
            return await self._refused(claim, FOREIGN_ORIGIN)
        if request.method == "GET":
            return await self.follow(head, claim)
        if request.method == "DELETE":
            return await self._without_body(head, claim, self._surface.end_session)
        body = await _body(request, self._bounds.largest_request)
        if body is None:
            return await self._refused(claim, TOO_LARGE)
        message = protocol.read(head, body)
        if isinstance(message, Rejection):
            return await self._refused(claim, message)
        return await self.answer(message, claim)

    def _challenged(self, reply: Reply | Stream, request: Request) -> Reply | Stream:
        """A 401 says where tokens come from, whatever was wrong."""
        if reply is not answers.UNAUTHORIZED or self._entrance is None:
            return reply
        value = challenge(self._entrance, quote(request.path_params["server"], safe=""))
        return replace(answers.UNAUTHORIZED, headers={"WWW-Authenticate": value})

    async def answer(self, message: Message, claim: Claim) -> Reply | Stream:
        """The answer to one message, however it came."""
        if message.method == "tools/call":
            reply = await self._enforcement.call(message, claim)
        else:
            reply = await self._surface.answer(message, claim)
        most = self._bounds.largest_reply
        if isinstance(reply, Reply) and most is not None and len(reply.body) > most:
            return answers.too_large(message)
        return reply

    async def follow(self, head: Head, claim: Claim) -> Reply | Stream:
        """What the server says unasked, to a legacy client."""
        return await self._without_body(head, claim, self._surface.follow)

    async def _without_body(
        self,
        head: Head,
        claim: Claim,
        serve: Callable[[Message, Claim], Awaitable[Reply | Stream | None]],
    ) -> Reply | Stream:
        """What only legacy revisions have: the end of a session, and its own stream."""
        version = head.get(VERSION) or ASSUMED
        if head.repeated or version not in LEGACY:
            return await self._refused(claim, NO_STREAM)
        message = Message(Kind.NOTIFICATION, Era.LEGACY, version, "", None, {}, head, {})
        try:
            served = await serve(message, claim)
        except Foreign as foreign:
            return foreign.reply
        return served if served is not None else answers.rejected(NO_STREAM)

    async def _refused(self, claim: Claim, rejection: Rejection) -> Reply:
        """The rejection, for those whose token is good."""
        try:
            known = await within(
                self._bounds.store_seconds, self._admission.knows(claim, self._clock.now())
            )
        except StoreUnavailable:
            self._meter.unavailable()
            return answers.rejected(NO_ANSWER)
        return answers.rejected(rejection) if known else answers.UNAUTHORIZED


class Streaming(StreamingResponse):
    """Closes what it sends, however sending ends: a client may leave before the first piece."""

    def __init__(self, pieces: Pieces) -> None:
        super().__init__(pieces, media_type="text/event-stream", headers=STREAM_HEADERS)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._pieces):
            await super().__call__(scope, receive, send)


async def _body(request: Request, most: int) -> bytes | None:
    """The body, or None where it has more than `most` bytes."""
    parts, taken = [], 0
    async for part in request.stream():
        taken += len(part)
        if taken > most:
            return None
        parts.append(part)
    return b"".join(parts)


def _response(reply: Reply | Stream) -> Response:
    if isinstance(reply, Stream):
        return Streaming(reply.events)
    headers: Mapping[str, str] = {"Cache-Control": "no-store", **(reply.headers or {})}
    if reply.session is not None:
        headers = {**headers, "Mcp-Session-Id": reply.session}
    media = None if "Content-Type" in headers or not reply.body else "application/json"
    if reply.status == 405:
        headers = {**headers, "Allow": "POST, DELETE"}
    return Response(reply.body, reply.status, headers=headers, media_type=media)
