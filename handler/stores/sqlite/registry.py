"""The Registry port: servers and artifacts."""

from collections.abc import Sequence
from sqlite3 import Connection

from handler.gateway.server import Server
from handler.policies.model import Artifact
from handler.stores import documents
from handler.stores.sqlite.lanes import ReadLane, WriteLane


class SQLiteRegistry:
    """Servers by name, artifacts by digest."""

    def __init__(self, reads: ReadLane, writes: WriteLane) -> None:
        self._reads, self._writes = reads, writes

    async def server(self, name: str) -> Server | None:
        def question(db: Connection) -> Server | None:
            row = db.execute("SELECT document FROM servers WHERE name = ?", (name,)).fetchone()
            return documents.read_server(row[0]) if row else None

        return await self._reads.ask(question)

    async def servers(self) -> list[Server]:
        def question(db: Connection) -> list[Server]:
            rows = db.execute("SELECT document FROM servers ORDER BY name").fetchall()
            return [documents.read_server(document) for (document,) in rows]

        return await self._reads.ask(question)

    async def artifact(self, digest: str) -> Artifact | None:
        def question(db: Connection) -> Artifact | None:
            row = db.execute("SELECT data FROM artifacts WHERE digest = ?", (digest,)).fetchone()
            return Artifact(digest, row[0]) if row else None

        return await self._reads.ask(question)

    async def publish(self, artifacts: Sequence[Artifact], servers: Sequence[Server]) -> None:
        def question(db: Connection) -> None:
            db.executemany(
                "INSERT INTO artifacts VALUES (?, ?) ON CONFLICT DO NOTHING",
                [(artifact.digest, artifact.data) for artifact in artifacts],
            )
            db.executemany(
                "INSERT OR REPLACE INTO servers VALUES (?, ?)",
                [(server.name, documents.write(server)) for server in servers],
            )

        await self._writes.ask(question)

    async def remove_server(self, name: str) -> None:
        def question(db: Connection) -> None:
            db.execute("DELETE FROM servers WHERE name = ?", (name,))

        await self._writes.ask(question)
