"""Servers, artifacts, and what policies' names stood for. The gateway's role may only read here.

One item, the directory, names all servers: with it a listing is strongly consistent, so that
pausing everything misses no server that was there.
"""

import secrets
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from handler.gateway.server import Drift, Server, Sessions
from handler.policies.model import Artifact, Revision
from handler.stores.base import TooMuch
from handler.stores.documents import read_authority
from handler.stores.dynamodb import histories
from handler.stores.dynamodb.attributes import Item
from handler.stores.dynamodb.blobs import Blobs
from handler.stores.dynamodb.connection import Cancelled
from handler.stores.dynamodb.tables import Table
from handler.stores.dynamodb.update import Update

DIRECTORY = "directory"

MOST_WRITES = 100
"""What one transaction holds."""

LARGEST_SERVER = 4096
"""Bytes: every call reads its server's item, and pays by the 4 KB."""


class DynamoRegistry:
    """The Registry port."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._blobs = Blobs(table)

    async def server(self, name: str) -> Server | None:
        item = await self._table.get(_key(name))
        return _read(item) if item else None

    async def names(self) -> list[str]:
        directory = await self._table.get(DIRECTORY)
        return sorted(directory.get("names", ())) if directory else []

    async def servers(self) -> list[Server]:
        names = await self.names()
        found = await self._table.get_all([_key(name) for name in names])
        return [_read(found[_key(name)]) for name in names if _key(name) in found]

    async def artifact(self, digest: str) -> Artifact | None:
        found = await self._blobs.get(f"artifact#{digest}")
        return Artifact(digest, zlib.decompress(found)) if found else None

    async def publish(
        self,
        artifacts: Sequence[Artifact],
        servers: Sequence[Server],
        *,
        seen: Sequence[Server] | None = None,
        revisions: Sequence[Revision] = (),
    ) -> bool:
        """Raises TooMuch beyond 100 servers and histories, or for a server's item over 4 KB.

        Of a server that is there only what changed is written: a role that may attach policies and
        nothing else is told from others by the attributes it writes.
        """
        items, added = _items(servers), histories.by_key(revisions)
        if len(items) + len(added) > MOST_WRITES:
            raise TooMuch(
                f"one publication holds {MOST_WRITES} servers and policies: publish these in parts"
            )
        for artifact in artifacts:
            await self._store(artifact)
        expected = None if seen is None else _items(seen)
        while True:
            held = await self._table.get_all([*sorted(items), *added])
            await self._list([item["name"] for key, item in items.items() if key not in held])
            changing = self._changing(items, held, expected)
            appended = [
                histories.appending(self._table.name, key, held.get(key), new)
                for key, new in added.items()
            ]
            try:
                if changing or appended:
                    await self._table.transact([*changing, *appended], secrets.token_hex(16))
                return True
            except Cancelled as cancelled:
                if any(reason.failed for reason in cancelled.reasons[: len(changing)]):
                    return False

    async def history(self, server: str, policy: str) -> list[Revision]:
        item = await self._table.get(histories.key(server, policy))
        return histories.read(item) if item else []

    async def remove_server(self, name: str) -> None:
        await self._table.delete(_key(name))
        update = Update(self._table.name, DIRECTORY)
        update.discard(name, "names")
        await self._table.update(update)

    def _changing(
        self, items: dict[str, Item], held: dict[str, Item], expected: dict[str, Item] | None
    ) -> list[Update]:
        """The writes that are needed, on condition that what they change is as expected."""
        updates = []
        for key, wanted in items.items():
            update = Update(self._table.name, key)
            before = (held if expected is None else expected).get(key, {})
            changed = {name: value for name, value in wanted.items() if before.get(name) != value}
            update.put(**changed)
            if expected is not None and not before:
                update.require(f"attribute_not_exists({update.at('pk')})")
            elif expected is not None:
                for name in changed:
                    update.require(_is(update, name, before[name]))
            updates.append(update)
        return [update for update in updates if not update.is_empty]

    async def _store(self, artifact: Artifact) -> None:
        """An artifact that is there already is the same one: its key is its digest."""
        key = f"artifact#{artifact.digest}"
        if await self._table.get(key) is None:
            await self._blobs.put(key, zlib.compress(artifact.data))

    async def _list(self, names: Sequence[str]) -> None:
        """Before the servers themselves: a name without a server is skipped by readers."""
        if not names:
            return
        update = Update(self._table.name, DIRECTORY)
        update.include(names, "names")
        await self._table.update(update)


def _is(update: Update, name: str, value: Any) -> str:
    """The condition that an attribute is as it was seen; None: not there."""
    at = update.at(name)
    return f"attribute_not_exists({at})" if value is None else f"{at} = {update.value(value)}"


def _key(name: str) -> str:
    return f"server#{name}"


def _items(servers: Sequence[Server]) -> dict[str, Item]:
    return {_key(server.name): _item(server) for server in servers}


def _item(server: Server) -> Item:
    item: dict[str, Any] = {
        "name": server.name,
        "upstream": server.upstream,
        "headers": dict(server.headers),
        "policies": dict(server.policies),
        "paused": server.paused,
        "sessions": server.sessions.value,
        "allow": list(server.allow),
        "private": server.private_network,
        "drift": server.drift.value,
        "narrow": True if server.narrow else None,
        "oauth": _plain(server),
        "declared": True if server.declared else None,
    }
    size = len(str(item).encode())
    if size > LARGEST_SERVER:
        raise TooMuch(
            f"server `{server.name}` takes {size} bytes of {LARGEST_SERVER}: "
            "it has too many policies, headers or OAuth grants"
        )
    return item


def _plain(server: Server) -> dict[str, Any] | None:
    """The server's authority as it is kept, without what is not said."""
    if server.oauth is None:
        return None
    issuer = {name: value for name, value in asdict(server.oauth.issuer).items() if value}
    return {"issuer": issuer, "rules": [asdict(rule) for rule in server.oauth.rules]}


def _read(item: Item) -> Server:
    return Server(
        name=item["name"],
        upstream=item["upstream"],
        headers=item["headers"],
        policies=item["policies"],
        paused=item["paused"],
        sessions=Sessions(item["sessions"]),
        allow=tuple(item["allow"]),
        private_network=item["private"],
        drift=Drift(item.get("drift", Drift.WARN)),
        narrow=item.get("narrow", False),
        oauth=read_authority(item.get("oauth")),
        declared=item.get("declared", False),
    )
