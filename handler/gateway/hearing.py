"""Standing streams: what an upstream says while nothing is asked of it, to a client that listens.

`subscriptions/listen` of modern clients and GET of legacy ones. Must not know HTTP. A stream holds
for as long as its token and its grant do, and never longer than its lifetime.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from handler.clock import Clock
from handler.gateway import answers, forward, protocol, subscription
from handler.gateway.admission import Admission, Admitted, within
from handler.gateway.answers import Reply, Stream
from handler.gateway.bounds import Bounds
from handler.gateway.claims import Claims
from handler.gateway.ear import Ear
from handler.gateway.exchange import Arrived, Lost, NeverReached, Sender
from handler.gateway.places import Places
from handler.gateway.protocol import Message
from handler.gateway.relay import Answered, whole
from handler.gateway.screen import Screen
from handler.gateway.server import Server
from handler.gateway.watch import Watch
from handler.grants.model import Claim
from handler.stores.base import StoreUnavailable
from handler.stores.ledger import Paused

log = logging.getLogger(__name__)

OPEN_SECONDS = 10.0
"""How long an upstream may take to begin."""

TOO_MANY = "this grant listens on as many streams as it may; close one first"
NO_ANSWER = "the upstream server gave no answer: {reason}"
LATE = Lost("it did not answer in time")


class Hearing:
    """Opens standing streams."""

    def __init__(
        self,
        admission: Admission,
        upstream: Sender,
        watch: Watch | None,
        claims: Claims,
        clock: Clock,
        bounds: Bounds,
    ) -> None:
        self._admission, self._upstream, self._watch = admission, upstream, watch
        self._claims, self._clock, self._bounds = claims, clock, bounds
        self._places = Places()
        self._closing = asyncio.Event()

    def close(self) -> None:
        """End all streams in order; none is opened any more."""
        self._closing.set()

    async def listen(self, message: Message, claim: Claim, server: Server) -> Reply | Stream:
        """The answer to `subscriptions/listen`."""
        wanted = subscription.allowed(subscription.asked(message), server.allow)
        if not (wanted and self._may_stream(message)):
            return subscription.nothing(message)
        place = self._places.take(claim.grant_id)
        if place is None:
            return answers.error(message.id, protocol.INTERNAL_ERROR, TOO_MANY)
        body = forward.body(message, server.allow, {"notifications": dict(wanted)})
        with place.unless_kept():
            arrived = await self._begun(server, message, None, body)
            if not isinstance(arrived, Arrived):
                text = NO_ANSWER.format(reason=arrived.reason)
                return answers.error(message.id, protocol.INTERNAL_ERROR, text)
            if not _is_stream(arrived):
                return await _instead(message, arrived)
            ear = self._ear(message, claim, server, None, arrived)
            return Stream(place.kept(ear.subscribed(wanted), arrived))

    async def follow(
        self, message: Message, claim: Claim, server: Server, session: str | None
    ) -> Reply | Stream | None:
        """The answer to a legacy GET; None where there is no stream."""
        if not self._may_stream(message) or message.head.get("last-event-id"):
            return None
        place = self._places.take(claim.grant_id)
        if place is None:
            return None
        with place.unless_kept():
            arrived = await self._begun(server, message, session, None)
            if not isinstance(arrived, Arrived):
                return None
            if arrived.status != 200 or not _is_stream(arrived):
                arrived.close()
                over = arrived.status == 404 and session is not None
                return answers.NO_SESSION if over else None
            ear = self._ear(message, claim, server, session, arrived)
            head = forward.head(message, session)
            screen = Screen(self._upstream, server, message, head, asks=True)
            return Stream(place.kept(ear.followed(screen), arrived))

    def _may_stream(self, message: Message) -> bool:
        return message.head.takes_stream and not self._closing.is_set()

    async def _begun(
        self, server: Server, message: Message, session: str | None, body: bytes | None
    ) -> Arrived | NeverReached | Lost:
        """The upstream's answer, if it begins in time. Without a body it is a GET."""
        headers = forward.head(message, session)
        with suppress(TimeoutError):
            async with asyncio.timeout(OPEN_SECONDS):
                method = "POST" if body is not None else "GET"
                return await self._upstream.send(server, headers, body, method, standing=True)
        return LATE

    def _ear(
        self, message: Message, claim: Claim, server: Server, session: str | None, arrived: Arrived
    ) -> Ear:
        return Ear(
            message,
            arrived,
            self._looking(message, claim, server),
            self._bounds.look_seconds,
            lambda now: self._changed(now, session),
            self._closing,
        )

    def _looking(
        self, message: Message, claim: Claim, server: Server
    ) -> Callable[[], Awaitable[Server | None]]:
        """How the server is registered, for as long as this client may hear it."""
        until = self._clock.now() + self._bounds.standing_seconds

        async def look() -> Server | None:
            now = self._clock.now()
            if self._closing.is_set() or now >= until or not await self._still(message, claim):
                return None
            try:
                entering = self._admission.enter(claim, (), now)
                admitted = await within(self._bounds.store_seconds, entering)
            except StoreUnavailable as error:
                log.warning("a stream ended, since the store did not answer: %s", error)
                return None
            if not isinstance(admitted, Admitted) or isinstance(admitted.entry, Paused):
                return None
            found = admitted.seen.server
            return found if not found.paused and found.place == server.place else None

        return look

    async def _still(self, message: Message, claim: Claim) -> bool:
        """Whether the token that opened the stream still claims the same: one may have expired."""
        if message.head.get("authorization") is None:
            return True  # the client of a wrap shows none
        return await self._claims.claim(message.head, claim.server) == claim

    async def _changed(self, server: Server, session: str | None) -> None:
        if self._watch is not None:
            self._watch.changed(server)
            await self._watch.look(server, session)


def _is_stream(arrived: Arrived) -> bool:
    return arrived.media == "text/event-stream" and not arrived.compressed


async def _instead(message: Message, arrived: Arrived) -> Reply:
    """What the client is told where the upstream's answer is no stream."""
    with suppress(TimeoutError):
        async with asyncio.timeout(OPEN_SECONDS), arrived:
            end = await whole(arrived, message)
            if isinstance(end, Answered) and "error" in end.body:
                return answers.passed_error(message, end.body, end.status)
    return subscription.nothing(message)
