"""Running an approved call, at most once.

Must not know who approved it or how it is sent. APPROVED -> EXECUTING is written before anything
leaves, so of several processes one sends, and a crash leaves `executing`, whose lease ends as
`unknown`. Nothing here ever sends twice.
"""

import asyncio
import logging
from collections.abc import Mapping

from compiler.values import Value
from compiler.verdict import Effect, Verdict
from handler import logged, trace
from handler.approvals import quorum
from handler.approvals.book import Book
from handler.approvals.call_key import call_key
from handler.approvals.lifecycle import Event, Status
from handler.approvals.model import Answer, Approval
from handler.approvals.ports import Execution, Executor, Judge, Sent
from handler.approvals.vault import Vault
from handler.clock import Clock
from handler.stores.base import Answers, PayloadTooLarge, StoreUnavailable

log = logging.getLogger(__name__)

EVENTS = {
    Sent.FINISHED: Event.FINISH,
    Sent.NEVER_REACHED: Event.REFUSE,
    Sent.FAILED: Event.FAIL,
    Sent.LOST: Event.LOSE,
}

LATE_EVENTS = {Event.FINISH: Event.FINISH, Event.REFUSE: Event.FAIL, Event.FAIL: Event.FAIL}
"""What the original attempt may still say once its lease ended: the quota stays spent."""

RECORD_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""Seconds between tries to record an outcome while the store is away."""

ANSWER_PAUSES = (0.1, 0.4)
"""Seconds between looks for the answers of an approval that says it was approved."""

DETAILS = {
    Event.REFUSE: "The service was not reached, so nothing was run.",
    Event.FAIL: "The service answered with an error that cannot be passed on.",
    Event.LOSE: (
        "It was sent, and what became of it was not seen. "
        "Check with the service before asking for it again."
    ),
}


class Attempts:
    """The one who executes. Never called for the agent: only the workflow does."""

    def __init__(
        self,
        *,
        book: Book,
        vault: Vault,
        answers: Answers,
        judge: Judge,
        executor: Executor,
        clock: Clock,
    ) -> None:
        self._book, self._vault, self._answers = book, vault, answers
        self._judge, self._executor, self._clock = judge, executor, clock

    async def execute(self, approval_id: str) -> None:
        """Decide the stored call again, and run it if it still may.

        Raises `StoreUnavailable` only before anything was sent; calling again is then fine.
        """
        approval = await self._book.current(approval_id)
        if approval is None or approval.status is not Status.APPROVED:
            return
        logged.about(approval=approval_id, **trace.names(approval.origin.trace))
        arguments = await self._vault.arguments(approval_id, self._clock.now())
        if arguments is None:
            await self._book.take(
                approval,
                Event.REFUSE,
                detail="Its stored arguments cannot be read any more, so it was not run.",
            )
            return
        refusal = await self._refusal(approval, arguments)
        if refusal is not None:
            await self._book.take(approval, Event.REFUSE, detail=refusal)
            return
        started = await self._book.take(approval, Event.START)
        if started is not None:
            await self._record(started, await self._send(started, arguments))

    async def _refusal(self, approval: Approval, arguments: Mapping[str, Value]) -> str | None:
        """Why the call may not run any more, or None where it may."""
        key = call_key(approval.grant_id, approval.server, approval.tool, arguments)
        if key != approval.call_key:
            return "Its stored arguments are not those it was approved with."
        answers = await self._approving(approval)
        if answers is None:
            return "No answers were found that approve it."
        verdict = await self._judge.judge(approval, arguments, self._clock.now())
        return objection(verdict, answers, approval.grant_label)

    async def _approving(self, approval: Approval) -> list[Answer] | None:
        """The answers that approve the call, or None.

        A store may show what one step wrote item by item, so that the approval is approved a moment
        before its answer is there.
        """
        for pause in (*ANSWER_PAUSES, None):
            answers = await self._answers.answers(approval.id)
            if answers and quorum.satisfied(approval.holds, answers, approval.grant_label):
                return answers
            if pause is not None:
                await asyncio.sleep(pause)
        return None

    async def _send(self, approval: Approval, arguments: Mapping[str, Value]) -> Execution:
        try:
            return await self._executor.execute(approval, arguments)
        except Exception:  # an executor answers with values; a fault in it leaves us not knowing
            log.exception("approval %s: sending ended without an outcome", approval.id)
            return Execution(Sent.LOST)

    async def _record(self, approval: Approval, execution: Execution) -> None:
        """Write how the attempt ended, trying for as long as the store is away."""
        for pause in (*RECORD_PAUSES, None):
            try:
                await self._settle(approval.id, execution)
                return
            except StoreUnavailable:
                log.warning("approval %s: the store is away, outcome kept back", approval.id)
                if pause is not None:
                    await asyncio.sleep(pause)
        log.error("approval %s: its outcome could not be recorded", approval.id)

    async def _settle(self, approval_id: str, execution: Execution) -> None:
        event, detail = await self._keep(approval_id, execution)
        while (approval := await self._book.current(approval_id)) is not None:
            if approval.status is Status.UNKNOWN:
                late = LATE_EVENTS.get(event)
            else:
                late = event if approval.status is Status.EXECUTING else None
            if late is None or await self._book.take(approval, late, detail=detail):
                return

    async def _keep(self, approval_id: str, execution: Execution) -> tuple[Event, str]:
        """Keep the result, if there is one. What the attempt's end means, and in which words."""
        event = EVENTS[execution.sent]
        if event is Event.FINISH:
            try:
                await self._vault.keep_result(
                    approval_id, execution.result or {}, self._clock.now()
                )
            except PayloadTooLarge:
                return Event.FAIL, "It was run; its result is too large to be kept."
        return event, execution.detail or DETAILS.get(event, "")


def objection(verdict: Verdict, answers: list[Answer], requester: str) -> str | None:
    """What today's verdict has against a call that these answers approved, or None."""
    if verdict.effect is Effect.DENY:
        rule = verdict.place.rule if verdict.place else "policy"
        return f"It was approved, but is denied now by {rule}: {verdict.message}"
    if not quorum.satisfied(verdict.holds, answers, requester):
        return "It was approved, but the policy asks for other approvals now."
    return None
