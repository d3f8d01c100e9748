"""Reading an approval as it stands now, and taking it one step on.

Must not know who asks. Every step is a compare-and-set, and whoever reads an approval past one of
its deadlines writes what that means, the refund included, in that same step.
"""

import logging
from dataclasses import replace
from typing import Any

from handler.approvals.bell import Bell
from handler.approvals.lifecycle import REFUNDS, Event, Terms, overdue, step
from handler.approvals.model import Answer, Approval
from handler.audit import record
from handler.clock import Clock
from handler.stores.base import Journal, StoreUnavailable
from handler.stores.ledger import Ledger

log = logging.getLogger(__name__)

TOO_LATE = {
    Event.EXPIRE: "Nobody answered in time.",
    Event.REFUSE: "It was approved but not started in time, so it was not run.",
    Event.LOSE: (
        "It was sent, and what became of it was not seen. "
        "Check with the service before asking for it again."
    ),
}


class Book:
    """The approvals of one deployment. Every method may raise `StoreUnavailable`."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        bell: Bell,
        terms: Terms,
        journal: Journal | None = None,
    ) -> None:
        """`journal` takes the end of each approval; None where somebody else records it."""
        self._ledger, self._clock, self._bell, self._terms = ledger, clock, bell, terms
        self._journal = journal

    async def current(self, approval_id: str) -> Approval | None:
        """The approval as it stands now, its deadlines applied."""
        approval = await self._ledger.approval(approval_id)
        while approval is not None:
            event = overdue(approval, self._clock.now(), self._terms)
            if event is None:
                return approval
            after = await self.take(approval, event, detail=TOO_LATE[event])
            approval = after or await self._ledger.approval(approval_id)
        return None

    async def answering(self, call_key: str) -> Approval | None:
        """The approval that answers this call: an open one, or one finished a short while ago."""
        approval = await self._ledger.approval_by_call_key(call_key, self._clock.now())
        return None if approval is None else await self.current(approval.id)

    async def unfinished(self) -> list[Approval]:
        return await self._ledger.unfinished()

    async def forsaken(self, seconds: float) -> list[Approval]:
        """Those that time decided so long ago, and nobody wrote that down."""
        then = self._clock.now() - seconds
        unfinished = await self.unfinished()
        return [each for each in unfinished if overdue(each, then, self._terms)]

    async def take(
        self, before: Approval, event: Event, *, detail: str = "", answer: Answer | None = None
    ) -> Approval | None:
        """The approval after the event, or None where another step was first.

        Raises `IllegalStep` for what the table does not know.
        """
        after = step(before, event, self._clock.now(), self._terms, detail)
        refund = event in REFUNDS
        return await self._replace(before, after, refund=refund, answer=answer)

    async def note(self, before: Approval, **changes: Any) -> Approval | None:
        """The approval with other fields, in the same status; None where another was first."""
        after = replace(before, version=before.version + 1, **changes)
        return await self._replace(before, after, refund=False)

    async def _replace(
        self, before: Approval, after: Approval, *, refund: bool, answer: Answer | None = None
    ) -> Approval | None:
        if not await self._ledger.advance(before, after, refund=refund, answer=answer):
            return None
        self._bell.ring(after.id)
        if after.status.is_final and after.status is not before.status:
            await self._record(after)
        return after

    async def _record(self, ended: Approval) -> None:
        """The step is done: that its record cannot be kept changes nothing about it."""
        try:
            if self._journal is not None:
                await self._journal.append(record.outcome(ended))
        except StoreUnavailable:
            log.error("the end of approval %s could not be recorded", ended.id)
