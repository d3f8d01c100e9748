"""The Nonces port: things that may be used once."""

from sqlite3 import Connection

from handler.stores.sqlite.lanes import WriteLane


class SQLiteNonces:
    """Nonces that were spent."""

    def __init__(self, writes: WriteLane) -> None:
        self._writes = writes

    async def spend(self, nonce: str, expires_at: float) -> bool:
        def question(db: Connection) -> bool:
            written = db.execute(
                "INSERT INTO nonces VALUES (?, ?) ON CONFLICT DO NOTHING", (nonce, expires_at)
            )
            return written.rowcount == 1

        return await self._writes.ask(question)
