"""The Journal port: decision records, in the order written."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from sqlite3 import Connection
from typing import Any

from handler.stores import documents
from handler.stores.sqlite.lanes import ReadLane, WriteLane

READ_AT_ONCE = 500
"""Records, so that reading a long log never makes a call wait."""


class SQLiteJournal:
    """Records by number. Nothing is ever changed or removed.

    The newest are read in the lane of the writes, behind every record that was taken before.
    """

    def __init__(self, reads: ReadLane, writes: WriteLane) -> None:
        self._reads, self._writes = reads, writes

    async def append(self, record: dict[str, Any]) -> None:
        await self._writes.ask(_insert(record))

    async def note(self, record: dict[str, Any]) -> None:
        self._writes.tell(_insert(record))

    async def recent(self, limit: int) -> list[dict[str, Any]]:
        def question(db: Connection) -> list[dict[str, Any]]:
            rows = db.execute(
                "SELECT document FROM records ORDER BY number DESC LIMIT ?", (limit,)
            ).fetchall()
            return [documents.read_record(document) for (document,) in reversed(rows)]

        return await self._writes.ask(question)

    async def between(self, start: float, end: float) -> AsyncIterator[dict[str, Any]]:
        """What was kept when it is read: an operator who looks must not hold up the writes."""
        at, number = start, 0
        while rows := await self._reads.ask(partial(_page, at=at, number=number, end=end)):
            for _, _, document in rows:
                yield documents.read_record(document)
            at, number, _ = rows[-1]


def _insert(record: dict[str, Any]) -> Callable[[Connection], None]:
    row = (documents.write(record), record.get("at", 0.0))

    def question(db: Connection) -> None:
        db.execute("INSERT INTO records (document, at) VALUES (?, ?)", row)

    return question


def _page(db: Connection, at: float, number: int, end: float) -> list[tuple[float, int, bytes]]:
    """The records that come after a time and a number, in their order."""
    return db.execute(
        "SELECT at, number, document FROM records WHERE (at, number) > (?, ?) AND at < ? "
        "ORDER BY at, number LIMIT ?",
        (at, number, end, READ_AT_ONCE),
    ).fetchall()
