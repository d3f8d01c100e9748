"""What an approver does with a link: open it, and answer once. Operators answer by the same path.

Must not know HTTP, nor who may be an operator. The answer and its outcome are one step of the
store; waking whoever executes comes after it and may be lost.
"""

import logging
from dataclasses import dataclass, replace

from handler import logged, trace
from handler.approvals import quorum
from handler.approvals.book import Book
from handler.approvals.lifecycle import Event, Status
from handler.approvals.links import link_hash, mint
from handler.approvals.listing import part
from handler.approvals.model import Answer, Approval, Link
from handler.approvals.ports import Workflow
from handler.approvals.summary import Summary, summarise
from handler.approvals.vault import Vault
from handler.clock import Clock
from handler.stores.base import Answers, StoreUnavailable

log = logging.getLogger(__name__)


class Unreadable(Exception):
    """The call's arguments cannot be shown, so nobody may decide on them."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What an open link leads to."""

    approval: Approval
    approver: str
    summary: Summary
    has_answered: bool
    """Whether this approver answered already, through another mail."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The answer counts. The approval may still wait for others.

    `told` is whether whoever executes knows of it. If not, the answer is kept all the same, and
    answering again tells them; a call that is approved and not started in time does not run.
    """

    approval: Approval
    told: bool = True


@dataclass(frozen=True, slots=True)
class TooLate:
    """The link was used, or the call was decided otherwise first; the approval says how."""

    approval: Approval
    told: bool = True


class Desk:
    """The approvers' side. Every method may raise `StoreUnavailable`."""

    def __init__(
        self, *, book: Book, answers: Answers, vault: Vault, workflow: Workflow, clock: Clock
    ) -> None:
        self._book, self._answers, self._vault = book, answers, vault
        self._workflow, self._clock = workflow, clock

    async def open(self, secret: str, number: int = 1) -> Opened | None:
        """What the link leads to; None for a wrong, used or expired one. Raises `Unreadable`.

        `number` is the part of the arguments that is to be shown.
        """
        link = await self._answers.link(link_hash(secret))
        if link is None or link.used or self._clock.now() >= link.expires_at:
            return None
        approval = await self._book.current(link.approval_id)
        if approval is None:
            return None
        return await self._opened(approval, link, number)

    async def answer(self, secret: str, approved: bool, note: str) -> Recorded | TooLate | None:
        """Record the answer, if it is still wanted. None for a link that never was.

        Repeating an answer changes nothing, and wakes whoever executes once more.
        """
        link = await self._answers.link(link_hash(secret))
        if link is None:
            return None
        outcome = await self._recorded(link, approved, note)
        if outcome is None:
            return None
        return replace(outcome, told=await self.tell(outcome.approval))

    async def answer_for(
        self, approval_id: str, approver: str, approved: bool, note: str, operator: str
    ) -> Recorded | TooLate | None:
        """Record what an operator answers in an approver's name. None where there is no approval.

        A link is made and used at once, so it counts as the approver's own answer would: a yes
        counts for the rules that list the approver, and a no ends the call.
        """
        approval = await self._book.current(approval_id)
        if approval is None:
            return None
        link = Link(link_hash(mint()), approval.id, approver, approval.deadline)
        await self._answers.put_links([link])
        outcome = await self._recorded(link, approved, note, operator)
        if outcome is None:
            return None
        return replace(outcome, told=await self.tell(outcome.approval))

    async def tell(self, approval: Approval) -> bool:
        """Wake whoever executes; whether it is done. What was recorded stands either way."""
        logged.about(approval=approval.id, **trace.names(approval.origin.trace))
        try:
            await self._workflow.wake(approval.id)
        except StoreUnavailable as error:
            log.warning("an answer is kept, but the workflow was not told of it: %s", error)
            return False
        return True

    async def _recorded(
        self, link: Link, approved: bool, note: str, operator: str = ""
    ) -> Recorded | TooLate | None:
        while True:
            approval = await self._book.current(link.approval_id)
            latest = await self._answers.link(link.hash)
            if approval is None or latest is None:
                return None
            now = self._clock.now()
            if approval.status is not Status.PENDING or latest.used or now >= link.expires_at:
                return TooLate(approval)
            answer = Answer(approval.id, link.hash, link.approver, approved, note, now, operator)
            # Read after the approval: an answer given in between moves its version on.
            said = [*await self._answers.answers(approval.id), answer]
            event = quorum.event(approval, said)
            after = await self._book.take(approval, event, detail=note, answer=answer)
            if after is not None:
                return Recorded(await self._completed(after))

    async def _completed(self, approval: Approval) -> Approval:
        """The approval, with what its answers do to it now that this one is among them.

        A store may show what one step wrote item by item ("Amazon DynamoDB Transactions: isolation
        levels"), so that an answer given just before was not read. It is by now: this one's step
        wrote to the same item.
        """
        if approval.status is not Status.PENDING:
            return approval
        event = quorum.event(approval, await self._answers.answers(approval.id))
        if event is Event.SUPPORT:
            return approval
        return await self._book.take(approval, event) or approval

    async def _opened(self, approval: Approval, link: Link, number: int) -> Opened:
        arguments = await self._vault.arguments(approval.id, self._clock.now())
        if arguments is None:
            raise Unreadable(approval.id)
        answers = await self._answers.answers(approval.id)
        summary = summarise(approval, part(arguments, number), answers)
        who = quorum.person(link.approver)
        answered = any(quorum.person(answer.approver) == who for answer in answers)
        return Opened(approval, link.approver, summary, answered)
