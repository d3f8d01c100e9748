"""The workflow function: mails approvers, runs approved calls, settles what time has decided.

Called by the state machine of infra/approval.asl.json, one step at a time, by bounced mails, and
every quarter of an hour.
"""

import asyncio
from typing import Any

import boto3

from handler import deadline
from handler.approvals.attempt import Attempts
from handler.approvals.notice import Notices
from handler.approvals.steps import Steps
from handler.audit.measured import Metric, count
from handler.entry.deployment import made, parts
from handler.entry.engines import loader
from handler.entry.held import Held
from handler.entry.keys import Keys
from handler.entry.logs import logger
from handler.gateway.bounds import Bounds
from handler.gateway.buffered import BufferedUpstream
from handler.gateway.decide import Decider
from handler.gateway.execute import UpstreamExecutor
from handler.gateway.judge import StoredCallJudge
from handler.gateway.watch import Watch
from handler.logged import about
from handler.notify.ses import PATIENCE, SesMailer
from handler.policies.current import Policies

log = logger()

UPSTREAM_SECONDS = 90.0
"""Within the lease of an attempt, and within this function's own time."""


def steps(keys: Keys) -> Steps:
    """The steps of this stack."""
    own = parts()
    deployment = own.deployment
    bounds = Bounds(streaming=False, upstream_seconds=UPSTREAM_SECONDS)
    upstream = BufferedUpstream(own.secrets, bounds)
    store, clock = own.store, own.clock
    held = Held(own, keys, store.answers)
    book, vault = held.book, held.vault
    watch = Watch(store.definitions, upstream, clock)
    decider = Decider(Policies(store.registry, loader(deployment.engine)), keys.per, watch)
    return Steps(
        book=book,
        notices=Notices(
            book=book,
            answers=store.answers,
            vault=vault,
            mailer=SesMailer(
                lambda: boto3.client("sesv2", config=PATIENCE),
                deployment.sender,
                deployment.configuration_set,
            ),
            clock=clock,
            base_url=deployment.base_url,
        ),
        attempts=Attempts(
            book=book,
            vault=vault,
            answers=store.answers,
            judge=StoredCallJudge(store.registry, store.ledger, decider),
            executor=UpstreamExecutor(store.registry, upstream, watch),
            clock=clock,
        ),
        tokens=store.answers,
        workflow=held.workflow,
        journal=store.journal,
        undelivered=lambda: count(Metric.UNDELIVERED_MAIL),
    )


SECONDS = 105.0
"""Of the 110 that template.yaml gives this function."""

_loop = asyncio.new_event_loop()
_steps = made(steps)


@log.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, str]:
    """One step, named by who asks for it (`step`), or by the source of a bounced mail."""

    async def run() -> dict[str, str]:
        if "approval" in event:
            about(approval=event["approval"])
        return await (await _steps()).take(event)

    with deadline.within(SECONDS):
        return _loop.run_until_complete(run())
