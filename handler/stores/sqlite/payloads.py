"""The Payloads port: sealed bytes that only matter for a while."""

from sqlite3 import Connection

from handler.stores.base import LARGEST_PAYLOAD, PayloadTooLarge
from handler.stores.sqlite.lanes import ReadLane, WriteLane


class SQLitePayloads:
    """Bytes by key. Rows past their time are cleaned later and never returned."""

    def __init__(self, reads: ReadLane, writes: WriteLane) -> None:
        self._reads, self._writes = reads, writes

    async def put(self, key: str, data: bytes, expires_at: float) -> None:
        if len(data) > LARGEST_PAYLOAD:
            raise PayloadTooLarge(f"{len(data)} bytes; at most {LARGEST_PAYLOAD} can be kept")

        def question(db: Connection) -> None:
            db.execute("INSERT OR REPLACE INTO payloads VALUES (?, ?, ?)", (key, data, expires_at))

        await self._writes.ask(question)

    async def get(self, key: str, now: float) -> bytes | None:
        def question(db: Connection) -> bytes | None:
            row = db.execute(
                "SELECT data FROM payloads WHERE key = ? AND expires_at > ?", (key, now)
            ).fetchone()
            return row[0] if row else None

        return await self._reads.ask(question)
