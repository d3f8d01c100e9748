"""What becomes of a call that approve_if rules hold: people are asked, and the agent waits.

Must not know why it is held, or the records of decisions. Loaded with the first held call.
"""

import math

from compiler.verdict import Place
from handler.approvals.model import Origin
from handler.approvals.service import Approvals, Ask, TooManyAsks, Unanswerable
from handler.audit import record
from handler.clock import Clock
from handler.gateway import answers, refusals
from handler.gateway.answers import Denial, Reply, Stream
from handler.gateway.case import Case, Waits
from handler.gateway.decide import PAUSED, Plan
from handler.gateway.waiting import Waiting
from handler.grants.model import Grant
from handler.stores.base import Journal
from handler.stores.ledger import Full, Held, Joined, Paused, TooManyPending, Unauthenticated

PENDING = Place("(approvals)")


class Holding:
    """Holds calls. Every method may raise `StoreUnavailable`."""

    def __init__(
        self, approvals: Approvals, waiting: Waiting, journal: Journal, clock: Clock
    ) -> None:
        self._approvals, self._waiting = approvals, waiting
        self._journal, self._clock = journal, clock

    async def ask(self, case: Case, grant: Grant, plan: Plan, now: float) -> Reply | Denial | Waits:
        """Ask for an approval, or join the one that answers this call already."""
        message = case.message
        outcome = await self._approvals.request(
            Ask(
                claim=case.claim,
                grant=grant,
                tool=message.tool,
                arguments=message.arguments,
                revision=plan.revision or "",
                holds=plan.verdict.holds,
                debits=plan.debits,
                origin=Origin(message.version, case.session, case.trace.parent),
            )
        )
        if isinstance(outcome, Unauthenticated):
            return answers.UNAUTHORIZED
        if isinstance(outcome, Held | Joined):
            joined, approval = isinstance(outcome, Joined), outcome.approval
            at = self._clock.now()
            await self._journal.append(record.held(case.trace, at, approval.id, joined))
            return Waits(case, approval, 0, joined)
        return _not_asked(outcome, plan, now)

    async def again(self, case: Case, approval_id: str, leg: int) -> Reply | Waits:
        """A further leg of a held call."""
        approval = await self._approvals.current(approval_id)
        if approval is None or approval.call_key != case.key:
            return answers.bad_state(case.message)
        return Waits(case, approval, leg, joined=False)

    async def wait(self, waits: Waits) -> Reply | Stream:
        """The reply to a leg, after as much waiting as its client and this world bear."""
        return await self._waiting.answer(waits)


def _not_asked(
    outcome: TooManyPending | TooManyAsks | Unanswerable | Paused | Full, plan: Plan, now: float
) -> Denial:
    """Why nobody was asked about a call that needs an approval."""
    if isinstance(outcome, Full):
        return refusals.full(plan, outcome, now)
    if isinstance(outcome, Paused):
        return Denial(PAUSED, "this grant is paused; an operator can resume it.")
    if isinstance(outcome, Unanswerable):
        return Denial(outcome.place, "this call needs an approval that nobody is there to give.")
    if isinstance(outcome, TooManyPending):
        text = f"{outcome.pending} calls of this grant wait for approval; wait for an answer first."
        return Denial(PENDING, text)
    retry_after = max(math.ceil(outcome.until - now), 1)
    text = "this grant has asked for as many approvals as it may in one hour; try again later."
    return Denial(PENDING, text, retry_after=retry_after)
