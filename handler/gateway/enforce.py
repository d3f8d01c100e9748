"""The one path a tool call takes: decide, take from limits, record, hold or forward, settle, record.

Must not know HTTP or how a policy is written. The decision is planned on what was last seen of the
grant and the server, and holds only where this call's own reading shows the same; else what was
taken is given back and the call is planned again. Whatever fails on the way ends in a denial.
"""

import logging
import math
import secrets
from dataclasses import dataclass
from decimal import Decimal

from compiler.values import Value
from compiler.verdict import Call, Effect, Place, Verdict
from handler.approvals.call_key import call_key
from handler.approvals.model import Origin
from handler.approvals.service import Approvals, Ask, TooManyAsks, Unanswerable
from handler.audit import record
from handler.clock import Clock
from handler.gateway import answers, forward, methods, protocol
from handler.gateway.admission import Admission, Admitted, Seen, within
from handler.gateway.answers import Denial, Reply
from handler.gateway.bounds import Bounds
from handler.gateway.decide import PAUSED, Decider, Plan
from handler.gateway.protocol import Message
from handler.gateway.relay import End, Request, Stream, relay
from handler.gateway.settle import Settlement
from handler.gateway.tokens import State, Tokens
from handler.gateway.upstream import Upstream
from handler.gateway.waiting import Waiting
from handler.grants.model import Claim
from handler.stores.base import (
    Entered,
    Full,
    Held,
    Joined,
    Journal,
    Nonces,
    Paused,
    StoreUnavailable,
    Unauthenticated,
)

log = logging.getLogger(__name__)

ATTEMPTS = 4
"""How often one call is planned while an operator changes what it is planned on."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A plan that what this call read bears out. Debits are taken where `entry` is `Entered`."""

    seen: Seen
    plan: Plan
    entry: Entered | Full | Paused
    now: float


@dataclass(frozen=True, slots=True)
class Waits:
    """The call is held: by an approval of its own, or by one it joined."""

    approval: Approval
    leg: int
    joined: bool


class Enforcement:
    """Takes tool calls from their message to their reply."""

    def __init__(
        self,
        *,
        admission: Admission,
        decider: Decider,
        upstream: Upstream,
        approvals: Approvals,
        waiting: Waiting,
        settlement: Settlement,
        tokens: Tokens,
        nonces: Nonces,
        journal: Journal,
        clock: Clock,
        bounds: Bounds,
    ) -> None:
        self._admission, self._decider, self._upstream = admission, decider, upstream
        self._approvals, self._waiting, self._settlement = approvals, waiting, settlement
        self._tokens, self._nonces, self._journal = tokens, nonces, journal
        self._clock, self._bounds = clock, bounds

    async def call(self, message: Message, claim: Claim) -> Reply | Stream:
        """The reply to one tools/call."""
        try:
            step = await within(self._bounds.store_seconds, self._judge(message, claim))
        except StoreUnavailable as error:
            log.warning("a call was denied, since it could not be decided: %s", error)
            return answers.unavailable(message)
        if isinstance(step, Reply):
            return step
        if isinstance(step, Waits):
            return await self._waiting.answer(message, step.approval, step.leg, step.joined)
        return await self._forward(message, step)

    async def _judge(self, message: Message, claim: Claim) -> Reply | Waits | Forwarded:
        """Everything that comes before a byte leaves. Nothing is taken where this raises."""
        key = call_key(claim.grant_id, claim.server, message.tool, message.arguments)
        session = self._tokens.session_of(message, claim)
        state = self._tokens.state_of(message, claim, key, self._clock.now())
        if session is INVALID or state is INVALID:
            wrong = answers.NO_SESSION if session is INVALID else answers.bad_state(message)
            known = await self._admission.knows(claim, self._clock.now())
            return wrong if known else answers.UNAUTHORIZED
        if state is not None:
            return await self._resume(message, claim, state)
        decided = await self._decide(message, claim, session)
        if isinstance(decided, Reply):
            return decided
        call = secrets.token_hex(8)
        return await self._act(message, claim, decided, Call_(call, key, session))
