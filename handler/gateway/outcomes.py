"""Where an approval stands, as an MCP answer. Pure."""

from datetime import UTC, datetime
from typing import Any

from handler.approvals.lifecycle import Status
from handler.approvals.model import Approval
from handler.approvals.vault import StoredResult
from handler.gateway import answers
from handler.gateway.answers import DECISION_KEY, Reply
from handler.gateway.protocol import Message

POLL_MS = 5_000

SENTENCES = {
    Status.EXECUTED: "[EXECUTED] This call was approved and executed; its result is not kept any "
    "more. It was not repeated.",
    Status.REJECTED: "[REJECTED] A person rejected this call, so nothing was executed.",
    Status.EXPIRED: "[EXPIRED] Nobody approved this call in time, so nothing was executed.",
    Status.WITHDRAWN: "[WITHDRAWN] This call was withdrawn, so nothing was executed.",
    Status.FAILED: "[FAILED] This call was approved but gave no result.",
    Status.UNKNOWN: "[OUTCOME UNKNOWN] This call was approved and sent, and what became of it was "
    "not seen. Check before you try again.",
}

PENDING = (
    "[PENDING APPROVAL] This call waits for a person's approval (id {id}); nothing was executed. "
    "Call the same tool again with the same arguments to learn the outcome."
)

WAITING = "waiting for a person's approval"


def pending(message: Message, approval: Approval) -> Reply:
    """The call still waits, and this answer does not."""
    return answers.failed(message, PENDING.format(id=approval.id), _facts(approval))


def final(
    message: Message, approval: Approval, stored: StoredResult | None, repeated: bool
) -> Reply:
    """What became of the call."""
    return answers.result(message, final_result(approval, stored, repeated))


def final_result(
    approval: Approval, stored: StoredResult | None, repeated: bool = False
) -> dict[str, Any]:
    """The tools/call result of a finished approval."""
    if approval.status is Status.EXECUTED and stored is not None:
        return _executed(approval, stored, repeated)
    text = SENTENCES[approval.status]
    return {
        "content": [{"type": "text", "text": f"{text} {approval.detail}".rstrip()}],
        "isError": True,
        "_meta": {DECISION_KEY: _facts(approval)},
    }


def _executed(approval: Approval, stored: StoredResult, repeated: bool) -> dict[str, Any]:
    result = dict(stored.result)
    facts = _facts(approval) | {"executed_at": _time(stored.at), "repeated": False}
    if repeated:
        note = f"executed at {_time(stored.at)}, not repeated"
        content = result.get("content")
        told = content if isinstance(content, list) else []
        result["content"] = [*told, {"type": "text", "text": note}]
    meta = result.get("_meta")
    result["_meta"] = {**(meta if isinstance(meta, dict) else {}), DECISION_KEY: facts}
    return result


def created_task(message: Message, approval: Approval) -> Reply:
    """The call became a task, which exists: the approval was stored before."""
    return answers.result(message, {"resultType": "task", **_task(approval)})


def task(message: Message, approval: Approval, stored: StoredResult | None) -> Reply:
    """Where a task stands. A refused or failed call is a completed task with an error result."""
    fields = _task(approval)
    if approval.status.is_final and approval.status is not Status.WITHDRAWN:
        fields["result"] = {"resultType": answers.COMPLETE, **final_result(approval, stored)}
    return answers.result(message, fields)


def _task(approval: Approval) -> dict[str, Any]:
    status = "completed" if approval.status.is_final else "working"
    return {
        "taskId": approval.id,
        "status": "cancelled" if approval.status is Status.WITHDRAWN else status,
        "statusMessage": approval.status.value if approval.status.is_final else WAITING,
        "createdAt": _time(approval.created_at),
        "lastUpdatedAt": _time(approval.changed_at),
        "ttlMs": max(int((approval.deadline - approval.created_at) * 1000), 0) + 86_400_000,
        "pollIntervalMs": POLL_MS,
    }


def _facts(approval: Approval) -> dict[str, Any]:
    return {
        "effect": "require_approval",
        "rule": approval.holds[0].place.rule,
        "approval": approval.id,
        "status": approval.status.value,
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
