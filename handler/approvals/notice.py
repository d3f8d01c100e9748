"""Mailing the approvers of a held call, each once.

Must not decide anything. One process at a time has the mailing to itself, for as long as the
approval's lease says; a crash between a mail and its mark mails that approver again.
"""

import asyncio
import logging

from handler import logged, trace
from handler.approvals.book import Book
from handler.approvals.lifecycle import Status
from handler.approvals.links import link_hash, mint
from handler.approvals.listing import MAIL, listing
from handler.approvals.model import Approval, Link
from handler.approvals.ports import Mailer, Undeliverable
from handler.approvals.quorum import asked, person, unanswerable
from handler.approvals.summary import Summary, summarise
from handler.approvals.vault import Vault
from handler.clock import Clock
from handler.notify.message import compose
from handler.stores.base import Answers

log = logging.getLogger(__name__)

MAILING = 30.0
"""Seconds one mail may take; past it another process may try."""

MARGIN = 5.0
"""Seconds of it that are left for noting what became of the mail."""

RETRY = 10.0
"""Seconds until a mail that failed for now is tried again."""

UNREACHABLE = "Too few approvers can be reached by mail, so nobody can approve this call."


class Notices:
    """The mails of held calls. `base_url` is where approvers reach the pages."""

    def __init__(
        self,
        *,
        book: Book,
        answers: Answers,
        vault: Vault,
        mailer: Mailer,
        clock: Clock,
        base_url: str,
    ) -> None:
        self._book, self._answers, self._vault = book, answers, vault
        self._mailer, self._clock, self._base_url = mailer, clock, base_url.rstrip("/")

    async def notify(self, approval_id: str) -> None:
        """Mail every approver who was not mailed yet, unless another process is at it."""
        approval = await self._book.current(approval_id)
        if approval is None or not wants_mail(approval, self._clock.now()):
            return
        logged.about(approval=approval_id, **trace.names(approval.origin.trace))
        claimed = await self._book.note(approval, lease_until=self._clock.now() + MAILING)
        if claimed is None:
            return
        arguments = await self._vault.arguments(approval_id, self._clock.now())
        if arguments is None:
            log.error("approval %s: its arguments cannot be read, so it is not mailed", approval_id)
            return
        answers = await self._answers.answers(approval_id)
        summary = summarise(claimed, listing(arguments, MAIL), answers)
        await self._mail_all(claimed, summary)

    async def returned(self, approval_id: str, approver: str) -> None:
        """A mail that was sent came back: note that this approver cannot be reached."""
        await self._mark(approval_id, undeliverable=approver)

    async def _mail_all(self, approval: Approval, summary: Summary) -> None:
        failed = False
        for approver in unmailed(approval):
            try:
                await self._mail(approval, approver, summary)
                marked = await self._mark(approval.id, mailed=approver)
            except Undeliverable:
                log.warning("approval %s: the mail to one approver was refused", approval.id)
                marked = await self._mark(approval.id, undeliverable=approver)
            except Exception:  # whatever the mailer raises and has told, the next one is mailed
                log.warning("approval %s: a mail was not sent; it is tried again", approval.id)
                failed = True
                continue
            if not marked:
                return
        await self._hand_back(approval.id, self._clock.now() + RETRY if failed else None)

    async def _mail(self, approval: Approval, approver: str, summary: Summary) -> None:
        secret = mint()
        link = Link(link_hash(secret), approval.id, approver, approval.deadline)
        await self._answers.put_links([link])
        url = f"{self._base_url}/approve/{secret}"
        async with asyncio.timeout(MAILING - MARGIN):
            await self._mailer.send(compose(summary, approver, url))

    async def _mark(self, approval_id: str, *, mailed: str = "", undeliverable: str = "") -> bool:
        """Note what became of one mail. False where the approval is no longer pending."""
        while (approval := await self._pending(approval_id)) is not None:
            gone = approval.undeliverable + ((undeliverable,) if undeliverable else ())
            hopeless = unanswerable(approval.holds, approval.grant_label, gone)
            noted = await self._book.note(
                approval,
                mailed=approval.mailed + ((mailed,) if mailed else ()),
                undeliverable=gone,
                detail=UNREACHABLE if hopeless else approval.detail,
                lease_until=self._clock.now() + MAILING,
            )
            if noted is not None:
                if hopeless and undeliverable:
                    log.error("approval %s: too few approvers can be reached", approval_id)
                return True
        return False

    async def _hand_back(self, approval_id: str, lease_until: float | None) -> None:
        while (approval := await self._pending(approval_id)) is not None:
            if await self._book.note(approval, lease_until=lease_until) is not None:
                return

    async def _pending(self, approval_id: str) -> Approval | None:
        approval = await self._book.current(approval_id)
        return approval if approval and approval.status is Status.PENDING else None


def unmailed(approval: Approval) -> tuple[str, ...]:
    """The approvers whose mail was neither sent nor refused."""
    done = {person(address) for address in approval.mailed + approval.undeliverable}
    everybody = asked(approval.holds, approval.grant_label)
    return tuple(address for address in everybody if person(address) not in done)


def wants_mail(approval: Approval, now: float) -> bool:
    """Whether somebody is still to be mailed, and nobody is at it."""
    free = approval.lease_until is None or now >= approval.lease_until
    return approval.status is Status.PENDING and free and bool(unmailed(approval))
