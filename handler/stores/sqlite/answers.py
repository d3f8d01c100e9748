"""The Answers port: approval links and what was answered.

Answers are written in the ledger's step, `advance`; this port only reads them.
"""

from collections.abc import Sequence
from sqlite3 import Connection

from handler.approvals.model import Answer, Link
from handler.stores.sqlite.lanes import ReadLane, WriteLane


class SQLiteAnswers:
    """Links by hash, answers by approval."""

    def __init__(self, reads: ReadLane, writes: WriteLane) -> None:
        self._reads, self._writes = reads, writes

    async def put_links(self, links: Sequence[Link]) -> None:
        rows = [
            (link.hash, link.approval_id, link.approver, link.expires_at, link.used)
            for link in links
        ]

        def question(db: Connection) -> None:
            db.executemany("INSERT INTO links VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", rows)

        await self._writes.ask(question)

    async def link(self, link_hash: str) -> Link | None:
        def question(db: Connection) -> Link | None:
            row = db.execute(
                "SELECT approval_id, approver, expires_at, used FROM links WHERE hash = ?",
                (link_hash,),
            ).fetchone()
            if row is None:
                return None
            approval_id, approver, expires_at, used = row
            return Link(link_hash, approval_id, approver, expires_at, bool(used))

        return await self._reads.ask(question)

    async def answers(self, approval_id: str) -> list[Answer]:
        def question(db: Connection) -> list[Answer]:
            rows = db.execute(
                "SELECT approval_id, link_hash, approver, approved, note, at, operator "
                "FROM answers WHERE approval_id = ? ORDER BY number",
                (approval_id,),
            ).fetchall()
            return [
                Answer(approval, link, approver, bool(approved), note, at, operator)
                for approval, link, approver, approved, note, at, operator in rows
            ]

        return await self._reads.ask(question)
