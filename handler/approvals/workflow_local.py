"""The workflow of the embedded world: this process's event loop, and the store as its memory.

Must not know what a step does. Nothing is kept here that a restart would lose: every round reads
the unfinished approvals from the store and does the next thing for each, so an approval whose
process died is taken up by another. Who executes is settled by compare-and-set, not here.
"""

import asyncio
import logging

from handler.approvals.attempt import Attempts
from handler.approvals.book import Book
from handler.approvals.lifecycle import Status, Terms, overdue
from handler.approvals.model import Approval
from handler.approvals.notice import Notices, wants_mail
from handler.clock import Clock
from handler.stores.base import StoreUnavailable

log = logging.getLogger(__name__)

ROUND = 1.0
"""Seconds between looks at the store."""

GRACE = 10.0
"""Seconds that work in flight may take to end when the process stops."""


class LocalWorkflow:
    """Implements `Workflow` with tasks: at most one per approval."""

    def __init__(
        self,
        *,
        book: Book,
        notices: Notices,
        attempts: Attempts,
        clock: Clock,
        terms: Terms,
        every: float = ROUND,
        grace: float = GRACE,
    ) -> None:
        self._book, self._notices, self._attempts = book, notices, attempts
        self._clock, self._terms, self._every, self._grace = clock, terms, every, grace
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()

    async def start(self, approval: Approval) -> None:
        await self.wake(approval.id)

    async def wake(self, approval_id: str) -> None:
        if approval_id in self._tasks:
            self._again.add(approval_id)
            return
        task = asyncio.create_task(self._carry(approval_id))
        self._tasks[approval_id] = task

    async def run(self) -> None:
        """Carry every unfinished approval until cancelled; then let what is in flight end."""
        try:
            while True:
                await self.round()
                await asyncio.sleep(self._every)
        finally:
            await self.close()

    async def round(self) -> None:
        """Look once at every unfinished approval, and wake those that something is due for."""
        try:
            unfinished = await self._book.unfinished()
        except StoreUnavailable:
            log.warning("the store is away; approvals are looked at again in %g s", self._every)
            return
        now = self._clock.now()
        for approval in unfinished:
            if is_due(approval, now, self._terms):
                await self.wake(approval.id)

    async def settled(self) -> None:
        """Return once nothing is in flight here."""
        while self._tasks:
            await asyncio.wait(self._tasks.values())

    async def close(self) -> None:
        """End within the grace. What is cut off is taken up from the store by whoever runs next."""
        self._again.clear()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=self._grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _carry(self, approval_id: str) -> None:
        try:
            await self._advance(approval_id)
        except StoreUnavailable:
            log.warning("approval %s: the store is away; trying again later", approval_id)
        except Exception:  # one approval's fault must not stop the others
            log.exception("approval %s: this step failed; trying again later", approval_id)
        finally:
            del self._tasks[approval_id]
        if approval_id in self._again:
            self._again.discard(approval_id)
            await self.wake(approval_id)

    async def _advance(self, approval_id: str) -> None:
        approval = await self._book.current(approval_id)
        if approval is None:
            return
        if approval.status is Status.PENDING:
            await self._notices.notify(approval_id)
        elif approval.status is Status.APPROVED:
            await self._attempts.execute(approval_id)


def is_due(approval: Approval, now: float, terms: Terms) -> bool:
    """Whether there is something to do for the approval, by whoever sees it."""
    if overdue(approval, now, terms) is not None:
        return True
    return approval.status is Status.APPROVED or wants_mail(approval, now)
