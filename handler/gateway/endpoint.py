"""HTTP in, HTTP out: one MCP endpoint for each server. Must not know what a request means.

A request is read no further than its size allows, and nothing but one identical 401 is answered
before its token is known to be good.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from compiler.frozen import dataclass
from handler.clock import Clock
from handler.gateway import answers, protocol
from handler.gateway.admission import Admission, within
from handler.gateway.answers import Reply
from handler.gateway.bounds import Bounds
from handler.gateway.enforce import Enforcement
from handler.gateway.head import VERSION, Head, read_head
from handler.gateway.meter import Meter
from handler.gateway.protocol import INVALID_REQUEST, Kind, Message, Rejection
from handler.gateway.relay import Stream
from handler.gateway.revisions import ASSUMED, LEGACY, Era
from handler.gateway.surface import Surface
from handler.gateway.tokens import Foreign
from handler.grants import tokens
from handler.grants.model import Claim
from handler.oauth.entrance import Entrance
from handler.oauth.model import Authority, NoGrant
from handler.stores.base import StoreUnavailable

log = logging.getLogger(__name__)

STREAM_HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}

TOO_LARGE = Rejection(INVALID_REQUEST, "the body is too large", 413)
FOREIGN_ORIGIN = Rejection(INVALID_REQUEST, "this origin is not allowed", 403)
NO_STREAM = Rejection(protocol.METHOD_NOT_FOUND, "this server has no stream of its own", 405)
NO_GRANT = Rejection(INVALID_REQUEST, "this token stands for no grant of this server", 403)
NO_ANSWER = Rejection(protocol.INTERNAL_ERROR, "the gateway could not serve this request", 200)


@dataclass(frozen=True, slots=True)
class Ending:
    """A client gives up its session. `message` says which."""

    message: Message


Asked = Message | Ending | Rejection
"""What a request asks, whoever asks."""


class Endpoint:
    """Serves POST, GET and DELETE /mcp/{server}."""

    def __init__(
        self,
        *,
        admission: Admission,
        enforcement: Enforcement,
        surface: Surface,
        meter: Meter,
        clock: Clock,
        bounds: Bounds,
        entrance: Entrance | None = None,
    ) -> None:
        """`entrance` accepts access tokens beside grant tokens."""
        self._entrance = entrance
        self._admission, self._enforcement, self._surface = admission, enforcement, surface
        self._meter, self._clock, self._bounds = meter, clock, bounds

    async def serve(self, request: Request) -> Response:
        """The HTTP response to one HTTP request. The last line of any failure is a refusal."""
        try:
            return _response(await self._challenged(await self._reply(request), request))
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception:
            log.exception("a request was refused because serving it failed")
            return _response(answers.rejected(NO_ANSWER))

    async def _reply(self, request: Request) -> Reply | Stream:
        head = read_head((k.decode("latin-1"), v.decode("latin-1")) for k, v in request.headers.raw)
        server = request.path_params["server"]
        claim = await self._claim(head, server)
        if not isinstance(claim, Claim):
            return claim
        asked = await self._asked(request, head)
        reply = await self._answered(asked, claim)
        if reply is not answers.UNAUTHORIZED or not isinstance(claim.proof, Authority):
            return reply
        again = await self._claim(head, server, anew=True)
        if again == claim:
            return reply
        return await self._answered(asked, again) if isinstance(again, Claim) else again

    async def _asked(self, request: Request, head: Head) -> Asked:
        if (origin := head.get("origin")) is not None and origin not in self._bounds.origins:
            return FOREIGN_ORIGIN
        if request.method == "DELETE":
            return _ending(head)
        if request.method != "POST":  # GET, and HEAD, which the router adds to it
            return NO_STREAM
        body = await _body(request, self._bounds.largest_request)
        return TOO_LARGE if body is None else protocol.read(head, body)

    async def _answered(self, asked: Asked, claim: Claim) -> Reply | Stream:
        if isinstance(asked, Rejection):
            return await self._refused(claim, asked)
        if isinstance(asked, Ending):
            return await self._end(asked.message, claim)
        return await self.answer(asked, claim)

    async def _claim(self, head: Head, server: str, *, anew: bool = False) -> Claim | Reply:
        """What the request claims, or the answer to one that claims nothing."""
        token = _token(head)
        claim: Claim | NoGrant | None = tokens.claim(token, server)
        if claim is None and token and self._entrance is not None:
            try:
                claim = await within(
                    self._bounds.store_seconds, self._entrance.claim(token, server, anew=anew)
                )
            except StoreUnavailable as error:
                log.warning("a token could not be checked: %s", error)
                return answers.rejected(NO_ANSWER)
        if isinstance(claim, NoGrant):
            return answers.rejected(NO_GRANT)
        return claim or answers.UNAUTHORIZED

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
            reply = await self._surface.answer(message, claim)
        most = self._bounds.largest_reply
        if isinstance(reply, Reply) and most is not None and len(reply.body) > most:
            return answers.too_large(message)
        return reply

    async def _end(self, message: Message, claim: Claim) -> Reply:
        try:
            return await self._surface.end_session(message, claim)
        except Foreign as foreign:
            return foreign.reply

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


def _ending(head: Head) -> Ending | Rejection:
    """The end of a session, which only legacy revisions have."""
    version = head.get(VERSION) or ASSUMED
    if head.repeated or version not in LEGACY:
        return NO_STREAM
    return Ending(Message(Kind.NOTIFICATION, Era.LEGACY, version, "", None, {}, head, {}))


def _token(head: Head) -> str:
    """The one token that the Authorization header holds, or nothing."""
    if "authorization" in head.repeated:
        return ""
    scheme, _, token = (head.get("authorization") or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


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
        return StreamingResponse(
            reply.events, media_type="text/event-stream", headers=STREAM_HEADERS
        )
    headers: Mapping[str, str] = {"Cache-Control": "no-store", **(reply.headers or {})}
    if reply.session is not None:
        headers = {**headers, "Mcp-Session-Id": reply.session}
    media = None if "Content-Type" in headers or not reply.body else "application/json"
    if reply.status == 405:
        headers = {**headers, "Allow": "POST, DELETE"}
    return Response(reply.body, reply.status, headers=headers, media_type=media)
