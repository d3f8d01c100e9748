"""The workflow function: mails approvers, runs approved calls, settles what time has decided.

Called by the state machine of infra/approval.asl.json, one step at a time, and by bounced mails.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from handler.approvals.attempt import Attempts
from handler.approvals.book import Book
from handler.approvals.lifecycle import Status
from handler.approvals.notice import Notices, unmailed
from handler.approvals.ports import Workflow
from handler.audit.measured import count
from handler.entry.deployment import parts
from handler.entry.logs import shared
from handler.gateway.bounds import Bounds
from handler.gateway.decide import Decider
from handler.gateway.execute import UpstreamExecutor
from handler.gateway.judge import StoredCallJudge
from handler.gateway.upstream import Upstream
from handler.notify.ses import SesMailer
from handler.policies.current import Policies
from handler.sealing import Sealer
from handler.stores.dynamodb.answers import DynamoAnswers

log = shared(Logger())

UPSTREAM_SECONDS = 90.0
"""Within the lease of an attempt, and within this function's own time."""


class MailPending(Exception):
    """Somebody is still to be mailed: the state machine calls again."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of the state machine."""

    book: Book
    notices: Notices
    attempts: Attempts
    answers: DynamoAnswers
    workflow: Workflow

    async def notify(self, event: dict[str, Any]) -> dict[str, str]:
        """Keep the task token, then mail. An answer may have come before there was a token."""
        approval_id = event["approval"]
        await self.answers.put_task_token(approval_id, event["token"])
        await self.notices.notify(approval_id)
        approval = await self.book.current(approval_id)
        if approval is None or approval.status is not Status.PENDING:
            await self.workflow.wake(approval_id)
            return {}
        if approval.undeliverable:
            count("undelivered_mail")
        if unmailed(approval):
            raise MailPending
        return {}

    async def follow(self, event: dict[str, Any]) -> dict[str, str]:
        """Do what the item says: run the call if it was approved."""
        await self.attempts.execute(event["approval"])
        return await self.settle(event)

    async def settle(self, event: dict[str, Any]) -> dict[str, str]:
        """Where the approval stands, the passing of time applied."""
        approval = await self.book.current(event["approval"])
        return {"status": approval.status.value if approval else "gone"}

    async def returned(self, event: dict[str, Any]) -> dict[str, str]:
        """A mail came back: its approver counts as not reachable."""
        detail = event["detail"]
        addresses = [
            recipient["emailAddress"]
            for recipient in detail.get("bounce", {}).get("bouncedRecipients", [])
        ] or detail["mail"]["destination"]
        for approval_id in detail["mail"]["tags"].get("approval", []):
            for address in addresses:
                count("undelivered_mail")
                await self.notices.returned(approval_id, address)
        return {}


async def steps() -> Steps:
    """Raises `SecretMissing`; the next event then tries again."""
    made = parts()
    deployment, keys = made.deployment, await made.keys()
    vault = made.vault(Sealer(keys.seal()))
    upstream = Upstream(made.secrets, Bounds(streaming=False, upstream_seconds=UPSTREAM_SECONDS))
    store, book, clock = made.store, made.book, made.clock
    decider = Decider(Policies(store.registry), keys.per)
    return Steps(
        book=book,
        notices=Notices(
            book=book,
            answers=store.answers,
            vault=vault,
            mailer=SesMailer(
                lambda: boto3.client("sesv2"), deployment.sender, deployment.configuration_set
            ),
            clock=clock,
            base_url=deployment.base_url,
        ),
        attempts=Attempts(
            book=book,
            vault=vault,
            answers=store.answers,
            judge=StoredCallJudge(store.registry, store.ledger, decider),
            executor=UpstreamExecutor(store.registry, upstream),
            clock=clock,
        ),
        answers=store.answers,
        workflow=made.workflow(store.answers),
    )


STEPS: dict[str, Callable[[Steps, dict[str, Any]], Awaitable[dict[str, str]]]] = {
    "notify": Steps.notify,
    "follow": Steps.follow,
    "settle": Steps.settle,
    "aws.ses": Steps.returned,
}

_loop = asyncio.new_event_loop()
_made: list[Steps] = []


@log.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, str]:
    """One step, named by the state machine (`step`) or by the source of a bounced mail."""

    async def run() -> dict[str, str]:
        if not _made:
            _made.append(await steps())
        return await STEPS[event.get("step") or event["source"]](_made[0], event)

    return _loop.run_until_complete(run())
