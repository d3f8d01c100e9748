"""Requests to servers that are programs on this machine. Implements the gateway's `Commands`.

Must not know policies or JSON-RPC beyond a message's kind. As over HTTP, an answer is one of three:
it has begun to arrive, provably nothing was sent, or it is lost.
"""

import asyncio
import shutil
from collections.abc import Mapping

from compiler.values import Value
from handler.decision import arguments
from handler.gateway.bounds import Bounds
from handler.gateway.exchange import Arrived, Lost, NeverReached
from handler.gateway.head import METHOD, SESSION
from handler.gateway.server import Server
from handler.secrets import Secrets
from handler.stdio.peer import Peer
from handler.stdio.shelf import Shelf

SAFE = ("HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER")
"""The variables a program gets without being named: those that hold no secrets."""

Reached = Arrived | NeverReached | Lost

NO_SESSION = 404


class Programs:
    """The programs of this process. `inherited` are the variables that every one of them gets."""

    def __init__(
        self,
        secrets: Secrets,
        bounds: Bounds,
        inherited: Mapping[str, str],
        *,
        single: bool = False,
    ) -> None:
        self._secrets, self._bounds = secrets, bounds
        self._inherited, self._single = inherited, single
        self._shelves: dict[str, Shelf] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._closed = False

    async def send(
        self,
        server: Server,
        headers: Mapping[str, str],
        body: bytes | None,
        method: str,
        *,
        standing: bool = False,
    ) -> Reached:
        """Send one message. Raises `SecretMissing` before anything was started.

        A GET listens to what the session's program says unasked.
        """
        if method == "OPTIONS":
            return _there(server)
        session = headers.get(SESSION)
        if method == "GET":
            heard = await self._peer(server, False, session, False)
            return heard[1].listen() if isinstance(heard, tuple) else heard
        if body is None:
            gone = session is not None and await self._end(server, session)
            return Arrived(200 if gone else NO_SESSION)
        message = arguments.read(body)
        assert isinstance(message, dict)
        opens = message.get("method") == "initialize"
        found = await self._peer(server, METHOD in headers, None if opens else session, opens)
        if not isinstance(found, tuple):
            return found
        opened, peer = found
        try:
            return await self._said(peer, message, opened, standing)
        finally:
            peer.coming -= 1

    async def close(self) -> None:
        """End every program. What is asked from then on is not sent."""
        self._closed = True
        for shelf in self._shelves.values():
            await shelf.close()

    async def _said(
        self, peer: Peer, message: dict[str, Value], opened: str | None, standing: bool
    ) -> Reached:
        try:
            async with asyncio.timeout(self._bounds.upstream_seconds):
                if "method" not in message or "id" not in message:
                    await peer.tell(message)
                    return Arrived(202)
                exchange = await peer.ask(message, standing=standing)
        except OSError:
            return Lost("its program has ended")
        except TimeoutError:
            return Lost("its program does not read what is written to it")
        exchange.session = opened
        return exchange

    async def _peer(
        self, server: Server, modern: bool, session: str | None, opens: bool
    ) -> tuple[str | None, Peer] | Reached:
        """The program for a message, and the id of the session that it opens."""
        if self._closed:
            return NeverReached("the gateway is stopping")
        async with self._turns.setdefault(server.name, asyncio.Lock()):
            found = await self._chosen(server, modern, session, opens)
            if isinstance(found, tuple):
                found[1].coming += 1
            return found

    async def _chosen(
        self, server: Server, modern: bool, session: str | None, opens: bool
    ) -> tuple[str | None, Peer] | Reached:
        shelf = await self._shelf(server)
        if opens:
            return await shelf.session(await self._env(server))
        if modern:
            shared = await shelf.stateless(await self._env(server))
            return (None, shared) if isinstance(shared, Peer) else shared
        peer = await shelf.of(session) if session is not None else None
        return (None, peer) if peer is not None else Arrived(NO_SESSION)

    async def _shelf(self, server: Server) -> Shelf:
        """The command's programs; those of an earlier registration end."""
        shelf = self._shelves.get(server.name)
        if shelf is not None and shelf.command != server.command:
            await shelf.close()
            shelf = None
        if shelf is None:
            patience, most = self._bounds.upstream_seconds, self._bounds.largest_answer
            shelf = Shelf(server.command, self._single, patience, most)
            self._shelves[server.name] = shelf
        return shelf

    async def _end(self, server: Server, session: str) -> bool:
        shelf = self._shelves.get(server.name)
        return shelf is not None and await shelf.end(session)

    async def _env(self, server: Server) -> dict[str, str]:
        named = {name: await self._secrets.reveal(ref) for name, ref in server.env.items()}
        return {**self._inherited, **named}


def safe(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables that a program gets without being named."""
    return {name: variables[name] for name in SAFE if name in variables}


def _there(server: Server) -> Reached:
    if shutil.which(server.command[0]) is None:
        return NeverReached("its command is not there")
    return Arrived(204)
