"""Every method but tools/call: served here, forwarded, or refused.

Must not know HTTP. Each request is authenticated by this request's own reading. While a grant or a
server is paused, only what opens a connection and lists tools still passes.
"""

import logging
from typing import TYPE_CHECKING

from handler.clock import Clock
from handler.gateway import answers, catalog, forward, protocol, revisions, subscription
from handler.gateway.admission import Admission, Admitted, within
from handler.gateway.answers import ACCEPTED, Reply, Stream
from handler.gateway.bounds import Bounds
from handler.gateway.decide import Decider
from handler.gateway.exchange import Arrived, Lost, NeverReached, Sender
from handler.gateway.meter import Meter
from handler.gateway.methods import CLIENT_NOTIFICATIONS, Duty, asks, served
from handler.gateway.protocol import Kind, Message
from handler.gateway.relay import Answered, End, Request, exact, relay
from handler.gateway.showing import Showing
from handler.gateway.tasks import EXTENSION, Tasks
from handler.gateway.tokens import Foreign, Tokens
from handler.grants.model import Claim
from handler.stores.base import StoreUnavailable
from handler.stores.ledger import Paused

if TYPE_CHECKING:
    from handler.gateway.hearing import Hearing

log = logging.getLogger(__name__)

WHILE_PAUSED = frozenset({Duty.HANDSHAKE, Duty.PING, Duty.LIST})
"""The duties that a pause leaves open."""

PAUSED = "paused by an operator; only listing tools is possible until it is resumed"


class Surface:
    """Answers what is not a tool call."""

    def __init__(
        self,
        *,
        admission: Admission,
        decider: Decider,
        upstream: Sender,
        tasks: Tasks,
        hearing: "Hearing | None",
        tokens: Tokens,
        meter: Meter,
        clock: Clock,
        bounds: Bounds,
    ) -> None:
        """`hearing` opens standing streams; without it nobody is told anything unasked."""
        self._admission, self._decider, self._upstream = admission, decider, upstream
        self._tasks, self._hearing, self._tokens = tasks, hearing, tokens
        self._meter, self._clock, self._bounds = meter, clock, bounds
        self._showing = Showing(decider, bounds)

    async def answer(self, message: Message, claim: Claim) -> Reply | Stream:
        """The reply to a request, a notification or a reply of the client's."""
        try:
            admitted = await within(
                self._bounds.store_seconds,
                self._admission.enter(claim, (), self._clock.now()),
            )
            if not isinstance(admitted, Admitted):
                return answers.UNAUTHORIZED
            return await self._serve(message, claim, admitted)
        except Foreign as foreign:
            return foreign.reply
        except StoreUnavailable as error:
            log.warning(
                "%s was not served, since the store did not answer: %s", message.method[:64], error
            )
            self._meter.unavailable()
            return answers.unavailable(message)

    async def end_session(self, message: Message, claim: Claim) -> Reply:
        """DELETE: the client is done with its session."""
        admitted = await within(
            self._bounds.store_seconds, self._admission.enter(claim, (), self._clock.now())
        )
        if not isinstance(admitted, Admitted):
            return answers.UNAUTHORIZED
        session = self._tokens.session_of(message, claim)
        if session is None:
            return answers.NO_SESSION
        headers = forward.head(message, session)
        sent = await self._upstream.send(admitted.seen.server, headers, None, "DELETE")
        if not isinstance(sent, Arrived):
            return Reply(200)
        sent.close()
        if sent.status == 404:
            return answers.NO_SESSION
        return Reply(200) if sent.status < 300 else Reply(405)

    async def follow(self, message: Message, claim: Claim) -> Reply | Stream | None:
        """GET: what the server says unasked; None where there is no such stream."""
        admitted = await within(
            self._bounds.store_seconds, self._admission.enter(claim, (), self._clock.now())
        )
        if not isinstance(admitted, Admitted):
            return answers.UNAUTHORIZED
        server, session = admitted.seen.server, self._tokens.session_of(message, claim)
        paused = server.paused or isinstance(admitted.entry, Paused)
        if self._hearing is None or paused:
            return None
        return await self._hearing.follow(message, claim, server, session)

    def close(self) -> None:
        """End what would go on for as long as its client likes."""
        if self._hearing is not None:
            self._hearing.close()

    async def _serve(self, message: Message, claim: Claim, admitted: Admitted) -> Reply | Stream:
        server = admitted.seen.server
        session = self._tokens.session_of(message, claim)
        if message.kind is not Kind.REQUEST:
            return await self._told(message, admitted, session)
        row = served(message.method, message.era, server.allow)
        if row is None:
            return answers.unknown_method(message)
        paused = server.paused or isinstance(admitted.entry, Paused)
        if paused and row.duty not in WHILE_PAUSED:
            return answers.error(message.id, answers.PAUSED_CODE, PAUSED)
        if row.duty is Duty.PING and session is None:
            return answers.result(message, {})
        if row.duty is Duty.LISTEN:
            if self._hearing is None:
                return subscription.nothing(message)
            return await self._hearing.listen(message, claim, server)
        if row.duty is Duty.TASK:
            return await self._tasks.answer(message, claim)
        return await self._forward(message, claim, admitted, session, row.duty)

    async def _told(self, message: Message, admitted: Admitted, session: str | None) -> Reply:
        """Notifications and replies: the known ones of a legacy client go on, none is answered."""
        server = admitted.seen.server
        reply = message.kind is Kind.REPLY
        known = asks(server.allow) if reply else message.method in CLIENT_NOTIFICATIONS
        paused = server.paused or isinstance(admitted.entry, Paused)
        opening = message.method == "notifications/initialized"
        alone = message.modern and not server.command
        if alone or not known or (paused and not opening):
            return ACCEPTED
        headers = forward.head(message, session)
        sent = await self._upstream.send(server, headers, forward.body(message, server.allow))
        if not isinstance(sent, Arrived):
            return ACCEPTED
        sent.close()
        return answers.NO_SESSION if sent.status == 404 and session is not None else ACCEPTED

    async def _forward(
        self, message: Message, claim: Claim, admitted: Admitted, session: str | None, duty: Duty
    ) -> Reply | Stream:
        seen = admitted.seen
        request = Request(
            server=seen.server,
            message=message,
            body=forward.body(message, seen.server.allow),
            session=session,
            streams=duty is Duty.PASS and self._bounds.streaming and message.head.takes_stream,
            changed=self._decider.changes(seen.server),
        )

        async def finish(end: End) -> Reply:
            try:
                if duty is Duty.HANDSHAKE:
                    return self._opened(message, claim, admitted, end)
                if not isinstance(end, Answered) or (end.status == 404 and session is not None):
                    return _not_answered(message, end, session)
                if "error" in end.body:
                    return answers.passed_error(message, end.body, end.status)
                if duty is Duty.LIST:
                    result = exact(end.raw)["result"]
                    return await self._showing.listed(message, admitted.seen, result)
                return Reply(200, end.raw)
            except (catalog.Unreadable, ValueError):
                return answers.error(message.id, protocol.INTERNAL_ERROR, UNREADABLE)

        return await relay(self._upstream, request, finish)

    def _opened(self, message: Message, claim: Claim, admitted: Admitted, end: End) -> Reply:
        """initialize and server/discover: never an HTTP error, which would end the client."""
        if message.modern and not (isinstance(end, Answered) and "result" in end.body):
            if isinstance(end, NeverReached | Lost) or end.status >= 500:
                return _not_answered(message, end, None)
            return _legacy_upstream(message)
        if not isinstance(end, Answered):
            return _not_answered(message, end, None)
        if "error" in end.body:
            return answers.passed_error(message, end.body, 200)
        result = catalog.handshake(
            exact(end.raw)["result"],
            message,
            admitted.seen.server.allow,
            (EXTENSION,),
            tells=self._bounds.streaming,
        )
        session = None
        if end.session is not None and not message.modern:
            session = self._tokens.session(claim.grant_id, claim.server, end.session)
        return answers.result(message, result, session)


UNREADABLE = "the upstream's answer could not be read, so it was not passed on"


def _not_answered(message: Message, end: End, session: str | None) -> Reply:
    """What an agent reads where the upstream gave no response to a request that is no call."""
    if not isinstance(end, NeverReached | Lost) and end.status == 404 and session is not None:
        return answers.NO_SESSION
    if isinstance(end, Answered):
        return answers.error(message.id, protocol.INTERNAL_ERROR, UNREADABLE)
    text = f"the upstream server gave no answer: {end.reason}"
    return answers.error(message.id, protocol.INTERNAL_ERROR, text)


def _legacy_upstream(message: Message) -> Reply:
    """Eras are not translated: a client that hears this falls back to initialize."""
    data = {"supported": list(revisions.LEGACY), "requested": message.version}
    text = "the upstream server speaks legacy revisions only"
    return answers.error(message.id, protocol.UNSUPPORTED_VERSION, text, 400, data)
