"""The Journal port: decision records, in the order written."""

from collections.abc import Callable
from sqlite3 import Connection
from typing import Any

from handler.stores import documents
from handler.stores.sqlite.lanes import WriteLane


class SQLiteJournal:
    """Records by number. Nothing is ever changed or removed.

    They are read in the lane of the writes, behind every record that was taken before.
    """

    def __init__(self, writes: WriteLane) -> None:
        self._writes = writes

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


def _insert(record: dict[str, Any]) -> Callable[[Connection], None]:
    document = documents.write(record)

    def question(db: Connection) -> None:
        db.execute("INSERT INTO records (document) VALUES (?)", (document,))

    return question
