"""The Definitions port."""

from sqlite3 import Connection

from handler.gateway import definitions
from handler.gateway.definitions import Catalog
from handler.stores.sqlite.lanes import ReadLane, WriteLane


class SQLiteDefinitions:
    """One row for each server's tools."""

    def __init__(self, reads: ReadLane, writes: WriteLane) -> None:
        self._reads, self._writes = reads, writes

    async def catalog(self, server: str) -> Catalog | None:
        def question(db: Connection) -> Catalog | None:
            row = db.execute("SELECT data FROM definitions WHERE server = ?", (server,)).fetchone()
            return definitions.read(row[0]) if row else None

        return await self._reads.ask(question)

    async def replace(self, before: Catalog | None, after: Catalog) -> bool:
        data, version = definitions.write(after), after.version

        def question(db: Connection) -> bool:
            if before is None:
                done = db.execute(
                    "INSERT INTO definitions VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    (after.server, version, data),
                )
            else:
                done = db.execute(
                    "UPDATE definitions SET version = ?, data = ? WHERE server = ? AND version = ?",
                    (version, data, after.server, before.version),
                )
            return done.rowcount == 1

        return await self._writes.ask(question)

    async def forget(self, server: str) -> None:
        def question(db: Connection) -> None:
            db.execute("DELETE FROM definitions WHERE server = ?", (server,))

        await self._writes.ask(question)
