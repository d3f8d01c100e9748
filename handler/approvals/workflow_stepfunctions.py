"""The workflow on Step Functions: an execution for each held call, woken by its task token.

Must not know what the steps do; infra/approval.asl.json says in which order they come. The
execution's name is the approval's id, so starting twice is starting once.
"""

import asyncio
import json
import math
from typing import Protocol

from handler.approvals.lifecycle import Terms
from handler.approvals.model import Approval
from handler.aws.service import Refused, Service, Unanswered
from handler.clock import Clock
from handler.stores.base import StoreUnavailable

ATTEMPTS = 3
PAUSE = 0.2
"""Seconds before asking again, times the number of the attempt."""

AFTER_DEADLINE = 60
"""Seconds by which the task outlives the approval: the item decides, the task only follows."""

OVER = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})
"""There is no task to wake any more."""


class TaskTokens(Protocol):
    """Where the secrets that wake executions are kept. The gateway has no right to it."""

    async def task_token(self, approval_id: str) -> str | None: ...


class StepFunctionsWorkflow:
    """Implements `Workflow`. Without tokens it cannot wake: the execution then sees for itself."""

    def __init__(
        self,
        service: Service,
        *,
        clock: Clock,
        terms: Terms,
        machine: str = "",
        tokens: TaskTokens | None = None,
    ) -> None:
        self._service, self._clock, self._terms = service, clock, terms
        self._machine, self._tokens = machine, tokens

    async def start(self, approval: Approval) -> None:
        """Raises StoreUnavailable where it cannot be told that the execution was started."""
        waits = math.ceil(approval.deadline - self._clock.now()) + AFTER_DEADLINE
        text = {
            "approval": approval.id,
            "wait_seconds": max(waits, 1),
            "lease_seconds": math.ceil(self._terms.lease) + 1,
        }
        body = {"stateMachineArn": self._machine, "name": approval.id, "input": json.dumps(text)}
        await self._insist("StartExecution", body, frozenset({"ExecutionAlreadyExists"}))

    async def wake(self, approval_id: str) -> None:
        if self._tokens is None:
            return
        token = await self._tokens.task_token(approval_id)
        if token is not None:
            await self._insist("SendTaskSuccess", {"taskToken": token, "output": "{}"}, OVER)

    async def _insist(self, operation: str, body: dict[str, str], fine: frozenset[str]) -> None:
        """Ask until it is done. `fine` are the refusals that mean it is done already."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await self._service.ask(operation, body)
                return
            except Refused as refused:
                if refused.code in fine:
                    return
                error: Exception = refused
            except Unanswered as unanswered:
                error = unanswered
            await asyncio.sleep(PAUSE * attempt)
        raise StoreUnavailable(f"the workflow did not answer: {error}") from error
