"""What the state machine of infra/approval.asl.json asks for, one step at a time, and a clock.

Must not know AWS: an event is a mapping, and what it is answered is too. Each step may be called
again; what must happen once is the item's to see to.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from handler.approvals.attempt import Attempts
from handler.approvals.book import Book
from handler.approvals.lifecycle import Status
from handler.approvals.model import Approval
from handler.approvals.notice import Notices, unmailed
from handler.approvals.ports import Workflow
from handler.audit import record
from handler.stores.base import Journal

FORSAKEN_SECONDS = 600.0
"""How long past its time an approval is left to its own execution of the state machine."""


ANSWERED_BY_ITSELF = ("Transient", "General")
"""How SES tells of a note that somebody is away: the mail did arrive. One that SES gave up after
hours of trying is told of alike, and later than most deadlines."""


class MailPending(Exception):
    """Somebody is still to be mailed: the state machine calls again."""


class Tokens(Protocol):
    """Keeps the secret that wakes a waiting execution."""

    async def put_task_token(self, approval_id: str, token: str, age: str) -> None:
        """Of two tokens the one whose `age` sorts last stays, however late the other comes."""
        ...


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of the state machine, what bounced mails lead to, and what is done by the clock."""

    book: Book
    notices: Notices
    attempts: Attempts
    tokens: Tokens
    workflow: Workflow
    journal: Journal
    undelivered: Callable[[], None]
    """Told of each approver who cannot be reached."""

    async def take(self, event: dict[str, Any]) -> dict[str, str]:
        """The step that the event names: `step`, or the source of a mail that came back."""
        return await STEPS[event.get("step") or event["source"]](self, event)

    async def notify(self, event: dict[str, Any]) -> dict[str, str]:
        """Keep the task token, then mail."""
        await self._keep_token(event)
        await self.notices.notify(event["approval"])
        approval = await self._awaited(event)
        if approval is None:
            return {}
        for _ in approval.undeliverable:
            self.undelivered()
        if unmailed(approval):
            raise MailPending
        return {}

    async def await_answer(self, event: dict[str, Any]) -> dict[str, str]:
        """Keep the task token and mail nobody: that was tried for long enough."""
        await self._keep_token(event)
        await self._awaited(event)
        return {}

    async def _keep_token(self, event: dict[str, Any]) -> None:
        age = f"{event.get('entered', '')}/{event.get('attempt', 0):06}"
        await self.tokens.put_task_token(event["approval"], event["token"], age)

    async def _awaited(self, event: dict[str, Any]) -> Approval | None:
        """The approval where its answer is awaited. One may have come before there was a token:
        then nobody else wakes the machine."""
        approval = await self.book.current(event["approval"])
        if approval is not None and approval.status is Status.PENDING:
            return approval
        await self.workflow.wake(event["approval"])
        return None

    async def follow(self, event: dict[str, Any]) -> dict[str, str]:
        """Do what the item says: run the call if it was approved."""
        await self.attempts.execute(event["approval"])
        return await self.settle(event)

    async def settle(self, event: dict[str, Any]) -> dict[str, str]:
        """Where the approval stands, the passing of time applied. Its end is recorded here.

        Whoever brought it to its end, the machine comes by; twice where it was not told.
        """
        approval = await self.book.current(event["approval"])
        if approval and approval.status.is_final:
            await self.journal.append(record.outcome(approval))
        return {"status": approval.status.value if approval else "gone"}

    async def sweep(self, event: dict[str, Any]) -> dict[str, str]:
        """Settle what no execution carries to its end: one that never started, or was stopped.

        Nobody else may ever read such an approval, and it keeps its quota and its place among the
        pending ones of its grant.
        """
        for approval in await self.book.forsaken(FORSAKEN_SECONDS):
            await self.settle({"approval": approval.id})
        return {}

    async def returned(self, event: dict[str, Any]) -> dict[str, str]:
        """A mail came back: its approver counts as not reachable."""
        mail, bounce = event["detail"]["mail"], event["detail"].get("bounce", {})
        if (bounce.get("bounceType"), bounce.get("bounceSubType")) == ANSWERED_BY_ITSELF:
            return {}
        bounced = [recipient["emailAddress"] for recipient in bounce.get("bouncedRecipients", [])]
        for approval_id in mail["tags"].get("approval", []):
            for address in bounced or mail["destination"]:
                self.undelivered()
                await self.notices.returned(approval_id, address)
        return {}


STEPS: dict[str, Callable[[Steps, dict[str, Any]], Awaitable[dict[str, str]]]] = {
    "notify": Steps.notify,
    "await": Steps.await_answer,
    "follow": Steps.follow,
    "settle": Steps.settle,
    "sweep": Steps.sweep,
    "aws.ses": Steps.returned,
}
