"""The Journal port: decision records, in the order written."""

from sqlite3 import Connection
from typing import Any

from handler.stores.sqlite import documents
from handler.stores.sqlite.lanes import ReadLane, WriteLane


class SQLiteJournal:
    """Records by number. Nothing is ever changed or removed."""

    def __init__(self, reads: ReadLane, writes: WriteLane) -> None:
        self._reads, self._writes = reads, writes

    async def append(self, record: dict[str, Any]) -> None:
        document = documents.write(record)

        def question(db: Connection) -> None:
            db.execute("INSERT INTO records (document) VALUES (?)", (document,))

        await self._writes.ask(question)

    async def recent(self, limit: int) -> list[dict[str, Any]]:
        def question(db: Connection) -> list[dict[str, Any]]:
            rows = db.execute(
                "SELECT document FROM records ORDER BY number DESC LIMIT ?", (limit,)
            ).fetchall()
            return [documents.read_record(document) for (document,) in reversed(rows)]

        return await self._reads.ask(question)
