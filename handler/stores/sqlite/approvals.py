"""Reading and writing approvals, inside somebody's transaction.

An approval is one document; the columns beside it are what is looked for and compared.
"""

from collections.abc import Iterable
from sqlite3 import Connection
from typing import Any

from handler.approvals.lifecycle import Status
from handler.approvals.model import Answer, Approval
from handler.stores import documents


def by_id(db: Connection, approval_id: str) -> Approval | None:
    return _one(db.execute("SELECT document FROM approvals WHERE id = ?", (approval_id,)))


def by_call_key(db: Connection, call_key: str, now: float) -> Approval | None:
    """The one that answers the call: unfinished, else the newest that still answers repeats."""
    return _one(
        db.execute(
            "SELECT document FROM approvals WHERE call_key = ? "
            "AND (unfinished OR answers_until > ?) ORDER BY unfinished DESC, created_at DESC",
            (call_key, now),
        )
    )


def unfinished(db: Connection) -> list[Approval]:
    return _all(db.execute("SELECT document FROM approvals WHERE unfinished ORDER BY created_at"))


def newest(db: Connection, limit: int) -> list[Approval]:
    return _all(
        db.execute("SELECT document FROM approvals ORDER BY created_at DESC LIMIT ?", (limit,))
    )


def pending(db: Connection, grant_id: str) -> int:
    """How many approvals of the grant are pending, by what is stored."""
    (number,) = db.execute(
        "SELECT count(*) FROM approvals WHERE unfinished AND grant_id = ? AND status = ?",
        (grant_id, Status.PENDING),
    ).fetchone()
    return int(number)


def insert(db: Connection, approval: Approval) -> None:
    db.execute(
        "INSERT INTO approvals (status, unfinished, answers_until, version, document, "
        "id, call_key, grant_id, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *_changing(approval),
            approval.id,
            approval.call_key,
            approval.grant_id,
            approval.created_at,
        ),
    )


def replace(db: Connection, before: Approval, after: Approval) -> bool:
    """Whether `before` was still what is stored; only then it is replaced."""
    changed = db.execute(
        "UPDATE approvals SET status = ?, unfinished = ?, answers_until = ?, version = ?, "
        "document = ? WHERE id = ? AND version = ?",
        (*_changing(after), before.id, before.version),
    )
    return changed.rowcount == 1


def use_link(db: Connection, answer: Answer) -> bool:
    """Whether the answer's link was one of its approval and unused; it is used now."""
    changed = db.execute(
        "UPDATE links SET used = 1 WHERE hash = ? AND approval_id = ? AND NOT used",
        (answer.link_hash, answer.approval_id),
    )
    return changed.rowcount == 1


def store_answer(db: Connection, answer: Answer) -> None:
    db.execute(
        "INSERT INTO answers (approval_id, link_hash, approver, approved, note, at, operator) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            answer.approval_id,
            answer.link_hash,
            answer.approver,
            answer.approved,
            answer.note,
            answer.at,
            answer.operator,
        ),
    )


def _changing(approval: Approval) -> tuple[Any, ...]:
    return (
        approval.status,
        not approval.status.is_final,
        approval.answers_until,
        approval.version,
        documents.write(approval),
    )


def _one(rows: Iterable[tuple[bytes]]) -> Approval | None:
    return next((documents.read_approval(document) for (document,) in rows), None)


def _all(rows: Iterable[tuple[bytes]]) -> list[Approval]:
    return [documents.read_approval(document) for (document,) in rows]
