"""The tasks extension (2026-07-28): a held call as a task that the client polls.

Must not know how a call came to be held. A task is an approval, seen by the grant that asked.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from handler.approvals.model import Approval
from handler.gateway import answers, outcomes, protocol
from handler.gateway.answers import Reply
from handler.gateway.protocol import Message
from handler.grants.model import Claim

if TYPE_CHECKING:
    from handler.approvals.service import Approvals

EXTENSION = "io.modelcontextprotocol/tasks"

LONGEST_ID = 64
"""Characters of a task's id, of which ours have fewer: a store may not take a longer key."""


def declares_tasks(message: Message) -> bool:
    """Whether the client said with this request that it can take a task for an answer."""
    extensions = message.capabilities.get("extensions")
    return message.modern and isinstance(extensions, dict) and EXTENSION in extensions


class Tasks:
    """Answers tasks/get, tasks/cancel, and tasks/update, for which no task of ours ever asks."""

    def __init__(self, approvals: "Callable[[], Approvals]") -> None:
        self._approvals = approvals

    async def answer(self, message: Message, claim: Claim) -> Reply:
        """The reply, for a claim that is known to be good. Raises `StoreUnavailable`."""
        if not declares_tasks(message):
            return _undeclared(message)
        approval = await self._own(str(message.params["taskId"]), claim)
        if approval is None:
            return answers.error(message.id, protocol.INVALID_PARAMS, "no such task", 400)
        if message.method == "tasks/cancel":
            await self._approvals().withdraw(approval.id, "The agent withdrew it.")
        if message.method != "tasks/get":
            return answers.result(message, {})
        return outcomes.task(message, approval, await self._approvals().result(approval))

    async def _own(self, task_id: str, claim: Claim) -> Approval | None:
        """The approval, where this grant asked for it on this server."""
        if len(task_id) > LONGEST_ID:
            return None
        approval = await self._approvals().current(task_id)
        if approval is None or approval.grant_id != claim.grant_id:
            return None
        return approval if approval.server == claim.server else None


def _undeclared(message: Message) -> Reply:
    """Tasks are for clients that declare them with each request (SEP-2663, negotiation)."""
    needed: dict[str, object] = {EXTENSION: {}}
    data = {"requiredCapabilities": {"extensions": needed}}
    text = f"this method needs the client capability extensions.{EXTENSION}"
    return answers.error(message.id, protocol.MISSING_CAPABILITY, text, 400, data)
