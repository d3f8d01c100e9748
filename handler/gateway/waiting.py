"""How a held call waits, chosen from the request alone: what each client can do decides.

Must not know how approvals are answered or run. In order: a task where the client declared the
extension; legs of `input_required` for modern clients, the first one with the status page for those
that open addresses; a stream with progress for legacy clients that asked for progress; for all
others one leg, then a text that says to call again.
"""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

import orjson

from handler import deadline
from handler.approvals.allowance import Allowance
from handler.approvals.model import Approval
from handler.approvals.service import Approvals
from handler.clock import Clock
from handler.gateway import answers, outcomes, sse
from handler.gateway.answers import Reply, Stream
from handler.gateway.bounds import Bounds
from handler.gateway.case import Waits
from handler.gateway.places import Places
from handler.gateway.protocol import Message
from handler.gateway.status import StatusPages
from handler.gateway.tasks import declares_tasks
from handler.gateway.tokens import State, Tokens, nonce
from handler.stores.base import StoreUnavailable

ANSWER_SECONDS = 5.0
"""Of the time that is left, what reading a result of 4 MB and answering may need."""

LAST_LEG = 9
"""Clients re-post a state ten times at most; one is left in reserve."""

STATE_SECONDS = 600

MOST_WAITING = 1_024
"""Requests that wait in this process at a time, of all grants."""


class Waiting:
    """Answers held calls."""

    def __init__(
        self,
        approvals: Approvals,
        tokens: Tokens,
        clock: Clock,
        bounds: Bounds,
        pages: StatusPages | None,
        legs: Allowance | None = None,
    ) -> None:
        """`legs` is how many waiting legs a grant may begin while one lasts; None: any number."""
        self._legs, self._places = legs, Places(bounds.most_waiting, MOST_WAITING)
        self._approvals, self._tokens = approvals, tokens
        self._clock, self._bounds, self._pages = clock, bounds, pages

    async def answer(self, waits: Waits) -> Reply | Stream:
        """The reply to a held call or to one of its further legs. Raises `StoreUnavailable`."""
        message = waits.case.message
        if waits.approval.status.is_final:
            return await self._final(message, waits.approval, repeated=waits.joined)
        if declares_tasks(message):
            return outcomes.created_task(message, waits.approval)
        if self._streams(message):
            return Stream(self._progress(waits))
        if self._pages is not None and self._opens(waits):
            return self._next_leg(waits, waits.approval, _asked(self._pages.url(waits.approval)))
        if not await self._may_wait(waits):
            return outcomes.pending(message, waits.approval)
        place = self._places.take(waits.case.claim.grant_id)
        if place is None:
            return outcomes.pending(message, waits.approval)
        with place.unless_kept():
            seconds = min(self._bounds.leg_seconds, deadline.left() - ANSWER_SECONDS)
            approval = await self._approvals.wait(waits.approval.id, self._clock.now() + seconds)
        if approval is None or approval.status.is_final:
            return await self._final(message, approval or waits.approval)
        if message.modern and waits.leg < LAST_LEG and self._bounds.leg_seconds > 0:
            return self._next_leg(waits, approval)
        return outcomes.pending(message, approval)

    async def _may_wait(self, waits: Waits) -> bool:
        """Whether this leg may be kept waiting: where that costs a container, few may."""
        if self._legs is None or self._bounds.leg_seconds == 0:
            return True
        return await self._legs.spend(waits.case.claim.grant_id, self._clock.now())

    def _streams(self, message: Message) -> bool:
        return (
            not message.modern
            and self._bounds.streaming
            and message.head.takes_stream
            and "progressToken" in message.meta
        )

    def _opens(self, waits: Waits) -> bool:
        """Whether this is the first leg of a client that shows its person an address."""
        elicitation = waits.case.message.capabilities.get("elicitation")
        able = isinstance(elicitation, dict) and "url" in elicitation
        return (
            able and waits.case.message.modern and waits.leg == 0 and self._bounds.leg_seconds > 0
        )

    def _next_leg(
        self, waits: Waits, approval: Approval, asked: Mapping[str, Any] | None = None
    ) -> Reply:
        claim = waits.case.claim
        state = State(
            call_key=waits.case.key,
            expires_at=self._clock.now() + STATE_SECONDS,
            leg=waits.leg + 1,
            nonce=nonce(),
            approval=approval.id,
        )
        token = self._tokens.state(claim.grant_id, claim.server, state)
        fields = {"resultType": answers.INPUT_REQUIRED, "requestState": token, **(asked or {})}
        return answers.result(waits.case.message, fields)

    async def _progress(self, waits: Waits) -> AsyncGenerator[bytes, None]:
        """Progress while the call waits, then its result, or the text that says to call again."""
        message, started = waits.case.message, self._clock.now()
        end, steps = started + self._bounds.stream_seconds, 0
        place = self._places.take(waits.case.claim.grant_id)
        approval: Approval | None = waits.approval
        try:
            while place is not None and approval is not None and not approval.status.is_final:
                now = self._clock.now()
                if now >= end or self._approvals.ends:
                    break
                steps += 1
                yield sse.event(_told(message, steps))
                until = min(now + self._bounds.progress_seconds, end)
                approval = await self._approvals.wait(waits.approval.id, until)
            reply = await self._ended(message, approval or waits.approval)
        except StoreUnavailable:
            reply = answers.unavailable(message)
        finally:
            if place is not None:
                place.leave()
        yield sse.event(sse.ascii_json(reply.body.decode()))

    async def _ended(self, message: Message, approval: Approval) -> Reply:
        if approval.status.is_final:
            return await self._final(message, approval)
        return outcomes.pending(message, approval)

    async def _final(self, message: Message, approval: Approval, repeated: bool = False) -> Reply:
        """The stored result or the outcome; `repeated` where the call had ended before it came."""
        stored = await self._approvals.result(approval)
        return outcomes.final(message, approval, stored, repeated)


def _asked(url: str) -> dict[str, Any]:
    """Show the person this page. Whether they open it changes nothing, so no answer is read."""
    params = {"mode": "url", "url": url, "message": "This call waits for a person's approval."}
    return {"inputRequests": {"approval": {"method": "elicitation/create", "params": params}}}


def _told(message: Message, step: int) -> bytes:
    params = {
        "progressToken": message.meta["progressToken"],
        "progress": step,
        "message": outcomes.WAITING,
    }
    whole = {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}
    return sse.ascii_json(orjson.dumps(whole).decode())
