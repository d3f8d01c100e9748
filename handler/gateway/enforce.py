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
    """A plan that what this call read bears out. `debits` are taken where it admits the call."""

    seen: Seen
    plan: Plan
    entry: Entered | Full | Paused
    now: float


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
        tokens: Tokens,
        nonces: Nonces,
        journal: Journal,
        clock: Clock,
        bounds: Bounds,
    ) -> None:
        self._admission, self._decider, self._upstream = admission, decider, upstream
        self._approvals, self._waiting, self._tokens = approvals, waiting, tokens
        self._nonces, self._journal, self._clock, self._bounds = nonces, journal, clock, bounds

    async def call(self, message: Message, claim: Claim) -> Reply | Stream:
        """The reply to one tools/call."""
        try:
            return await self._call(message, claim)
        except StoreUnavailable:
            log.warning("a call was denied because the store did not answer")
        except Exception:
            log.exception("a call was denied because deciding on it failed")
        return answers.unavailable(message)
