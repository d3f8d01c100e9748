"""HTTP in, HTTP out: one MCP endpoint for each server. Must not know what a request means.

A request is read no further than its size allows, and nothing but one identical 401 is answered
before its token is known to be good.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from compiler.frozen import dataclass
from handler.clock import Clock
from handler.gateway import answers, cors, protocol
from handler.gateway.admission import Admission, within
from handler.gateway.answers import Pieces, Reply, Stream
from handler.gateway.bounds import Bounds
from handler.gateway.claims import NO_ANSWER, Claims
from handler.gateway.enforce import Enforcement
from handler.gateway.head import VERSION, Head, read_head
from handler.gateway.meter import Meter
from handler.gateway.protocol import INVALID_REQUEST, Kind, Message, Rejection
from handler.gateway.revisions import ASSUMED, LEGACY, Era
from handler.gateway.tokens import Foreign
from handler.grants.model import Claim
from handler.oauth.entrance import Entrance
from handler.oauth.model import Authority
from handler.stores.base import StoreUnavailable

if TYPE_CHECKING:
    from handler.gateway.surface import Surface

log = logging.getLogger(__name__)

STREAM_HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}

TOO_LARGE = Rejection(INVALID_REQUEST, "the body is too large", 413)
FOREIGN_ORIGIN = Rejection(INVALID_REQUEST, "this origin is not allowed", 403)
NO_STREAM = Rejection(protocol.METHOD_NOT_FOUND, "this server has no stream of its own", 405)


@dataclass(frozen=True, slots=True)
class Bodiless:
    """GET or DELETE, which only legacy revisions have: a session's own stream, and its end."""

    verb: str
    message: Message


Asked = Message | Bodiless | Rejection
"""What a request asks, whoever asks."""


class Endpoint:
    """Serves POST, GET, DELETE and OPTIONS /mcp/{server}."""

    def __init__(
        self,
        *,
        admission: Admission,
        enforcement: Enforcement,
        surface: "Callable[[], Surface]",
        meter: Meter,
        clock: Clock,
        bounds: Bounds,
        claims: Claims,
        entrance: Entrance | None = None,
    ) -> None:
        """`surface` is asked for with the first request that is no tool call. `entrance` is told
        of in challenges, where there is one.
        """
        self._claims, self._entrance = claims, entrance
        self._admission, self._enforcement, self._surface = admission, enforcement, surface
        self._meter, self._clock, self._bounds = meter, clock, bounds

    async def serve(self, request: Request) -> Response:
        """The HTTP response to one HTTP request. The last line of any failure is a refusal."""
        head = read_head((k.decode("latin-1"), v.decode("latin-1")) for k, v in request.headers.raw)
        response = await self._served(request, head)
        response.headers.update(cors.headers(head, self._bounds.origins))
        return response

    def close(self) -> None:
        """End what would go on for as long as its client likes."""
        self._surface().close()

    async def _served(self, request: Request, head: Head) -> Response:
        try:
            return _response(await self._challenged(await self._reply(request, head), request))
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception:
            log.exception("a request was refused because serving it failed")
            return _response(answers.rejected(NO_ANSWER))

    async def _reply(self, request: Request, head: Head) -> Reply | Stream:
        if request.method == "OPTIONS":
            return cors.preflight(head, self._bounds.origins)
        server = request.path_params["server"]
        claim = await self._claims.claim(head, server)
        if not isinstance(claim, Claim):
            return claim
        asked = await self._asked(request, head)
        reply = await self._answered(asked, claim)
        if reply is not answers.UNAUTHORIZED or not isinstance(claim.proof, Authority):
            return reply
        again = await self._claims.claim(head, server, anew=True)
        if again == claim:
            return reply
        return await self._answered(asked, again) if isinstance(again, Claim) else again

    async def _asked(self, request: Request, head: Head) -> Asked:
        if (origin := head.get("origin")) is not None and origin not in self._bounds.origins:
            return FOREIGN_ORIGIN
        if request.method in ("GET", "DELETE"):
            return _bodiless(request.method, head)
        if request.method != "POST":  # HEAD, which the router adds to GET
            return NO_STREAM
        body = await _body(request, self._bounds.largest_request)
        return TOO_LARGE if body is None else protocol.read(head, body)

    async def _answered(self, asked: Asked, claim: Claim) -> Reply | Stream:
        if isinstance(asked, Rejection):
            return await self._refused(claim, asked)
        if isinstance(asked, Bodiless):
            return await self._without_body(asked, claim)
        return await self.answer(asked, claim)

    async def _challenged(self, reply: Reply | Stream, request: Request) -> Reply | Stream:
        """A 401 says where tokens for this server come from, whatever was wrong."""
        if reply is not answers.UNAUTHORIZED or self._entrance is None:
            return reply
        step = self._entrance.challenge(request.path_params["server"])
        try:
            value = await within(self._bounds.store_seconds, step)
        except StoreUnavailable:
            return reply
        return replace(reply, headers={"WWW-Authenticate": value}) if value else reply

    async def answer(self, message: Message, claim: Claim) -> Reply | Stream:
        """The answer to one message, however it came."""
        if message.method == "tools/call":
            reply = await self._enforcement.call(message, claim)
        else:
            reply = await self._surface().answer(message, claim)
        most = self._bounds.largest_reply
        if isinstance(reply, Reply) and most is not None and len(reply.body) > most:
            return answers.too_large(message)
        return reply

    async def follow(self, head: Head, claim: Claim) -> Reply | Stream:
        """What the server says unasked, to a legacy client, however it came."""
        return await self._answered(_bodiless("GET", head), claim)

    async def _without_body(self, asked: Bodiless, claim: Claim) -> Reply | Stream:
        try:
            if asked.verb == "DELETE":
                return await self._surface().end_session(asked.message, claim)
            stream = await self._surface().follow(asked.message, claim)
        except Foreign as foreign:
            return foreign.reply
        return stream if stream is not None else answers.rejected(NO_STREAM)

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


def _bodiless(verb: str, head: Head) -> Bodiless | Rejection:
    version = head.get(VERSION) or ASSUMED
    if head.repeated or version not in LEGACY:
        return NO_STREAM
    message = Message(Kind.NOTIFICATION, Era.LEGACY, version, "", None, {}, head, {})
    return Bodiless(verb, message)


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
