"""`holdpoint wrap` from its first line to its last: one client, one program, one data folder.

Standard output carries the client's messages and nothing else; what people read goes to standard
error. Must not know how the world's parts fit together; `embedded` does.
"""

import asyncio
import base64
import fcntl
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from handler import logged
from handler.admin import apply
from handler.admin.compiling import policies
from handler.admin.manifest import Manifest
from handler.clock import SystemClock
from handler.entry import listening
from handler.entry.embedded import Assembled, assembled
from handler.entry.folder import Folder, derived
from handler.entry.local import Service, Site, tell
from handler.entry.opening import open_store
from handler.failure import CannotRun
from handler.gateway.bounds import Bounds
from handler.grants import tokens
from handler.grants.model import Claim
from handler.stdio.door import Door
from handler.stores.base import Store

BOUNDS = Bounds()

CHUNK = 65_536
TURN_SECONDS = 10.0
"""How long to wait for the wrap before this one, when a client starts its servers again."""

SETTLE_SECONDS = 5.0
"""How long calls may take to end once their program has ended."""


@dataclass(frozen=True, slots=True)
class Streams:
    """The client's ends: its bytes as they come, and a way to write to it."""

    chunks: AsyncIterator[bytes]
    write: Callable[[bytes], Coroutine[Any, Any, None]]


def run(manifest: Manifest, place: Site, inherited: Mapping[str, str]) -> int:
    """Serve until the client leaves or a signal comes; the exit code.

    `inherited` are the program's variables. Raises `CannotRun`.
    """
    logging.basicConfig(handlers=[logged.to_people()], level=logging.WARNING)
    return asyncio.run(_wrap(manifest, place, inherited))


async def _wrap(manifest: Manifest, place: Site, inherited: Mapping[str, str]) -> int:
    made, streams, clock = policies(manifest), await _streams(), SystemClock()
    with listening.listen(place.host, place.port) as listener:
        folder = Folder.open(place.data)
        with await _turn(folder):
            store = open_store(folder)
            base_url = listening.address(listener)
            around = await assembled(manifest, store, folder, base_url, clock, inherited)
            try:
                service = Service(lambda: manifest, (), store, manifest, base_url, {}, clock)
                await service.bring(manifest, made, rotate=False)
                claim = await _claim(store, folder, manifest)
                pages = listening.server(around.app, around.release)
                http = asyncio.create_task(pages.serve([listener]))
                tell(_words(around, manifest, folder))
                door = Door(
                    around.endpoint,
                    claim,
                    streams.write,
                    BOUNDS.largest_request,
                    BOUNDS.largest_answer,
                )
                return await _served(around, door, streams, http)
            finally:
                await around.upstream.close()
                await store.close()


async def _served(around: Assembled, door: Door, streams: Streams, http: asyncio.Task[None]) -> int:
    """Serve the client, with the pages, the workflow and the cleaning beside it."""
    going_on = (around.workflow.run(), around.cleaning.run())
    beside = [http, *map(asyncio.create_task, going_on)]
    client = asyncio.create_task(_client(door, streams))
    over = asyncio.create_task(door.over.wait())
    stopped = asyncio.create_task(_signal())
    await asyncio.wait({client, over, stopped, *beside}, return_when="FIRST_COMPLETED")
    client.cancel()
    await around.upstream.close()
    await door.settle(SETTLE_SECONDS)
    failed = [task for task in (client, *beside) if task.done() and not task.cancelled()]
    for task in (over, stopped, *beside):
        task.cancel()
    await asyncio.gather(client, over, stopped, *beside, return_exceptions=True)
    for task in failed:
        if (error := task.exception()) is not None and not isinstance(error, ConnectionError):
            raise CannotRun(f"stopped, since work that must go on ended: {error}")
    if door.over.is_set():
        raise CannotRun("the command has ended, and the client's session with it")
    return 0


async def _client(door: Door, streams: Streams) -> None:
    async with aclosing(streams.chunks) as chunks:  # type: ignore[type-var]  # a generator
        await door.serve(chunks)


async def _signal() -> None:
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    await asked.wait()


async def _claim(store: Store, folder: Folder, manifest: Manifest) -> Claim:
    """What this client presents. Its token is made from the folder's key: nobody has to keep it."""
    (entry,) = manifest.grants
    grant = (await apply.current_grants(store.ledger))[entry.label]
    secret = base64.urlsafe_b64encode(derived(folder.key("deployment"), "wrap"))
    text = f"hp_{grant.id}_{secret.decode().rstrip('=')}"
    hashed = tokens.token_hash(text)
    if grant.token_hashes != (hashed,):
        await store.ledger.put_grant(replace(grant, token_hashes=(hashed,)))
    return Claim(grant.id, hashed, entry.server)


async def _turn(folder: Folder) -> "_Lock":
    """The folder for this process alone. Raises `CannotRun` where another wrap keeps it."""
    lock = _Lock(os.open(folder.path / "wrap.lock", os.O_RDWR | os.O_CREAT, 0o600))
    until = asyncio.get_running_loop().time() + TURN_SECONDS
    while not lock.taken():
        if asyncio.get_running_loop().time() >= until:
            os.close(lock.descriptor)
            raise CannotRun(
                f"the data folder {folder.path} is in use by another `holdpoint wrap`; "
                "give each client a folder of its own with --data"
            )
        await asyncio.sleep(0.1)
    return lock


@dataclass(frozen=True, slots=True)
class _Lock:
    """A lock that ends with the process, however it ends."""

    descriptor: int

    def taken(self) -> bool:
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)


async def _streams() -> Streams:
    """Standard input and output. Raises `CannotRun` where they cannot be waited on."""
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    try:
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        transport, protocol = await loop.connect_write_pipe(
            lambda: asyncio.streams.FlowControlMixin(), sys.stdout
        )
    except ValueError as error:
        raise CannotRun(
            "standard input and output must be a client's pipes; an MCP client starts this command"
        ) from error
    writer = asyncio.StreamWriter(transport, protocol, None, loop)

    async def chunks() -> AsyncIterator[bytes]:
        while chunk := await reader.read(CHUNK):
            yield chunk

    async def write(line: bytes) -> None:
        writer.write(line)
        await writer.drain()

    return Streams(chunks(), write)


def _words(around: Assembled, manifest: Manifest, folder: Folder) -> str:
    """What an operator should know, for the client's log. The outbox's address is for a file only:
    an agent may read the log."""
    ((policy,),) = (server.policies.values() for server in manifest.servers)
    mail = "mails go to approvers"
    if around.outbox is not None:
        address = folder.path / "outbox.address"
        address.touch(mode=0o600)
        address.write_text(f"{around.outbox}\n")
        mail = f"the address in {address} shows the mails to approvers"
    return f"holdpoint: {policy} is enforced; {mail}; data in {folder.path}"
