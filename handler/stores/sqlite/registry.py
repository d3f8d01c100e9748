"""The Registry port: servers, artifacts, and what policies' names stood for."""

from collections.abc import Sequence
from functools import partial
from sqlite3 import Connection

from handler.gateway.server import Server
from handler.policies.model import Artifact, Revision
from handler.stores import documents
from handler.stores.sqlite.lanes import ReadLane, WriteLane


class SQLiteRegistry:
    """Servers by name, artifacts by digest."""

    def __init__(self, reads: ReadLane, writes: WriteLane) -> None:
        self._reads, self._writes = reads, writes

    async def server(self, name: str) -> Server | None:
        return await self._reads.look(partial(_server, name=name))

    async def servers(self) -> list[Server]:
        def question(db: Connection) -> list[Server]:
            rows = db.execute("SELECT document FROM servers ORDER BY name").fetchall()
            return [documents.read_server(document) for (document,) in rows]

        return await self._reads.ask(question)

    async def names(self) -> list[str]:
        def question(db: Connection) -> list[str]:
            return [name for (name,) in db.execute("SELECT name FROM servers ORDER BY name")]

        return await self._reads.ask(question)

    async def artifact(self, digest: str) -> Artifact | None:
        def question(db: Connection) -> Artifact | None:
            row = db.execute("SELECT data FROM artifacts WHERE digest = ?", (digest,)).fetchone()
            return Artifact(digest, row[0]) if row else None

        return await self._reads.ask(question)

    async def publish(
        self,
        artifacts: Sequence[Artifact],
        servers: Sequence[Server],
        *,
        seen: Sequence[Server] | None = None,
        revisions: Sequence[Revision] = (),
    ) -> bool:
        def question(db: Connection) -> bool:
            db.executemany(
                "INSERT INTO artifacts VALUES (?, ?) ON CONFLICT DO NOTHING",
                [(artifact.digest, artifact.data) for artifact in artifacts],
            )
            if seen is not None and not _are(db, seen, servers):
                return False
            db.executemany(
                "INSERT OR REPLACE INTO servers VALUES (?, ?)",
                [(server.name, documents.write(server)) for server in servers],
            )
            db.executemany(
                "INSERT INTO revisions (server, policy, digest, at, author) VALUES (?, ?, ?, ?, ?)",
                [(one.server, one.policy, one.digest, one.at, one.by) for one in revisions],
            )
            return True

        return await self._writes.ask(question)

    async def history(self, server: str, policy: str) -> list[Revision]:
        def question(db: Connection) -> list[Revision]:
            rows = db.execute(
                "SELECT server, policy, digest, at, author FROM revisions "
                "WHERE server = ? AND policy = ? ORDER BY number",
                (server, policy),
            ).fetchall()
            return [Revision(*row) for row in rows]

        return await self._reads.ask(question)

    async def remove_server(self, name: str) -> None:
        def question(db: Connection) -> None:
            db.execute("DELETE FROM servers WHERE name = ?", (name,))

        await self._writes.ask(question)


def _server(db: Connection, name: str) -> Server | None:
    row = db.execute("SELECT document FROM servers WHERE name = ?", (name,)).fetchone()
    return documents.read_server(row[0]) if row else None


def _are(db: Connection, seen: Sequence[Server], servers: Sequence[Server]) -> bool:
    """Whether the servers are there as they were seen, those not seen not there."""
    expected = {server.name: server for server in seen}
    return all(_server(db, server.name) == expected.get(server.name) for server in servers)
