"""The one path a tool call takes: decide, take, record, hold or forward, settle, record, reply.

Must not know HTTP or how a policy is written. The decision is planned on what was last seen of the
grant and the server, and holds only where this call's own reading shows the same; else what was
taken is given back and the call is planned again. Whatever fails on the way ends in a denial.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from compiler.frozen import dataclass
from compiler.values import Value
from compiler.verdict import Call, Effect
from handler import logged, trace
from handler.audit import record
from handler.clock import Clock
from handler.gateway import answers, forward, refusals
from handler.gateway.admission import Admission, Admitted, Seen, within
from handler.gateway.answers import Denial, Reply, Stream
from handler.gateway.bounds import Bounds
from handler.gateway.case import Case, Forwarding, Waits
from handler.gateway.decide import HEADER, Decider, Plan
from handler.gateway.exchange import Sender
from handler.gateway.meter import Meter
from handler.gateway.methods import asks
from handler.gateway.protocol import Message, mismatch
from handler.gateway.relay import End, Request, relay
from handler.gateway.server import Server
from handler.gateway.settle import Settlement
from handler.gateway.tokens import Foreign, Tokens
from handler.grants.model import Claim
from handler.stores.base import Journal, Nonces, StoreUnavailable
from handler.stores.ledger import Entered, Full, Paused, Unauthenticated

if TYPE_CHECKING:
    from handler.gateway.holding import Holding

log = logging.getLogger(__name__)

ATTEMPTS = 4
"""How often one call is planned while an operator changes what it is planned on."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A plan that this call's own reading bears out. `Entered` means its debits are taken."""

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
        upstream: Sender,
        holding: "Callable[[], Holding]",
        settlement: Settlement,
        tokens: Tokens,
        nonces: Nonces,
        journal: Journal,
        meter: Meter,
        clock: Clock,
        bounds: Bounds,
    ) -> None:
        """`holding` is asked for with the first call that is held."""
        self._admission, self._decider, self._upstream = admission, decider, upstream
        self._holding, self._settlement = holding, settlement
        self._tokens, self._nonces, self._journal = tokens, nonces, journal
        self._meter, self._clock, self._bounds = meter, clock, bounds

    async def call(self, message: Message, claim: Claim) -> Reply | Stream:
        """The reply to one tools/call."""
        began = self._clock.now()
        try:
            step = await within(self._bounds.store_seconds, self._judge(message, claim))
            self._meter.judged(self._clock.now() - began)
            if isinstance(step, Waits):
                return await self._holding().wait(step)
        except StoreUnavailable as error:
            log.warning("a call was not forwarded, since it could not be decided: %s", error)
            self._meter.unavailable()
            return answers.unavailable(message)
        return await self._forward(step) if isinstance(step, Forwarding) else step

    async def _judge(self, message: Message, claim: Claim) -> Reply | Waits | Forwarding:
        """Everything that comes before a byte leaves."""
        now = self._clock.now()
        try:
            session = self._tokens.session_of(message, claim)
            state = self._tokens.state_of(message, claim, now)
        except Foreign as foreign:
            known = await self._admission.knows(claim, now)
            return foreign.reply if known else answers.UNAUTHORIZED
        place = trace.begin(message.meta, message.head.values)
        logged.about(**place.names)
        case = Case(place, message, claim, session, state)
        if state is not None:
            return await self._resume(case)
        return await self._begin(case)

    async def _resume(self, case: Case) -> Reply | Waits | Forwarding:
        """A further leg of a call: its state is used up, and its limits are not charged again."""
        assert case.state is not None
        if not await self._admission.knows(case.claim, self._clock.now()):
            return answers.UNAUTHORIZED
        if not await self._nonces.spend(case.state.nonce, case.state.expires_at):
            return answers.bad_state(case.message)
        if case.state.approval is None:
            return await self._begin(case)
        return await self._holding().again(case, case.state.approval, case.state.leg)

    async def _begin(self, case: Case) -> Reply | Waits | Forwarding:
        decided = await self._decide(case)
        if isinstance(decided, Reply):
            return decided
        if (denial := refusals.denial(decided.plan, decided.entry, decided.now)) is not None:
            await self._record(case, decided, Effect.DENY, denial)
            if denial.place == HEADER:
                return answers.rejected(mismatch(case.message, denial.message))
            return answers.denied(case.message, denial, case.trace)
        if decided.plan.verdict.effect is Effect.REQUIRE_APPROVAL:
            return await self._hold(case, decided)
        assert isinstance(decided.entry, Entered)
        try:
            await self._record(case, decided, Effect.ALLOW)
        except BaseException:
            await self._admission.release(decided.entry.debits, decided.now)
            raise
        return Forwarding(case, decided.seen, decided.plan, decided.entry.debits, decided.now)

    async def _decide(self, case: Case) -> Decided | Reply:
        """Plan on what was last seen until a reading of this call shows the same.

        A plan that takes nothing needs no other reading than the one it was made on: so the first
        call of a container reads once.
        """
        seen, read = self._admission.hint(case.claim), None
        for _ in range(ATTEMPTS):
            now = self._clock.now()
            plan = None if seen is None else await self._plan(case, seen, now)
            wanted = plan.debits if plan is not None and plan.admits else ()
            if plan is not None and read is not None and not wanted:
                return Decided(read.seen, plan, read.entry, now)
            admitted = await self._admission.enter(case.claim, wanted, now)
            if isinstance(admitted, Unauthenticated):
                return answers.UNAUTHORIZED
            if plan is not None and admitted.seen == seen:
                return Decided(seen, plan, admitted.entry, now)
            await self._give_back(admitted, now)
            seen, read = admitted.seen, None if wanted else admitted
        raise StoreUnavailable("the grant or its server keeps changing")

    async def _plan(self, case: Case, seen: Seen, now: float) -> Plan:
        call, given = Call(case.message.tool, case.message.arguments), case.message.head.params
        plan = await self._decider.plan(seen.grant, seen.server, call, case.session, now, given)
        return replace(plan, debits=()) if case.state is not None else plan

    async def _give_back(self, admitted: Admitted, now: float) -> None:
        if isinstance(admitted.entry, Entered):
            await self._admission.release(admitted.entry.debits, now)

    async def _hold(self, case: Case, decided: Decided) -> Reply | Waits:
        await self._record(case, decided, Effect.REQUIRE_APPROVAL)
        grant, plan = decided.seen.grant, decided.plan
        asked = await self._holding().ask(case, grant, plan, decided.now)
        if not isinstance(asked, Denial):
            return asked
        await self._record(case, decided, Effect.DENY, asked)
        return answers.denied(case.message, asked, case.trace)

    async def _record(
        self, case: Case, decided: Decided, effect: Effect, denial: Denial | None = None
    ) -> None:
        plan = decided.plan
        subject = record.Subject(
            trace=case.trace,
            grant=decided.seen.grant,
            server=case.claim.server,
            tool=case.message.tool,
            arguments=tuple(case.message.arguments),
            revision=plan.revision,
        )
        place = denial.place if denial else plan.verdict.place
        charges = () if effect is Effect.DENY else plan.verdict.charges
        await self._journal.append(
            record.decided(subject, decided.now, effect, place, charges=charges)
        )

    async def _forward(self, forwarding: Forwarding) -> Reply | Stream:
        case, server = forwarding.case, forwarding.seen.server
        state = case.state
        replaced = {
            "requestState": (state.upstream or None) if state else None,
            "inputResponses": _answers(case, server),
        }
        request = Request(
            server=server,
            message=case.message,
            body=forward.body(case.message, server.allow, replaced, case.trace),
            session=case.session,
            streams=self._bounds.streaming and case.message.head.takes_stream,
            changed=self._decider.changes(server),
            trace=case.trace,
        )

        async def finish(end: End) -> Reply:
            return await self._settlement.finish(forwarding, end)

        return await relay(self._upstream, request, finish)


def _answers(case: Case, server: Server) -> Value:
    """The input an agent brings, where this server may ask for any.

    Without a state this is a new call: it was judged and charged as one.
    """
    return case.message.params.get("inputResponses") if asks(server.allow) else None
