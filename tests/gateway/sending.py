"""One client of upstreams by itself: what it makes of a server's script."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from handler.gateway.bounds import Bounds
from handler.gateway.buffered import BufferedUpstream
from handler.gateway.exchange import Arrived, Broken, Lost, NeverReached, TooLarge
from handler.gateway.server import Server
from handler.gateway.upstream import Upstream
from handler.secrets import Environment, Secrets
from tests.gateway.world import Adapter
from tests.patience import PATIENCE
from tests.peer import answer

WHOLE = answer("whole")

BOUNDS = Bounds(connect_seconds=PATIENCE, upstream_seconds=PATIENCE, largest_answer=10_000)
HASTY = replace(BOUNDS, upstream_seconds=0.4)
"""For those who never answer."""
HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
SECRETS = {"KEY": "s3cret", "BROKEN": "a\r\nInjected: b"}

Sender = Upstream | BufferedUpstream
Found = bytes | Lost | NeverReached | type[Exception]


def using(
    adapter: Adapter, test: Callable[[Sender], Awaitable[Any]], bounds: Bounds = BOUNDS
) -> Any:
    """What the test gives, with a client that is closed after it."""

    async def run() -> Any:
        sender = adapter(Secrets({"env": Environment(SECRETS)}), bounds)
        try:
            return await test(sender)
        finally:
            await sender.close()

    return asyncio.run(run())


def at(url: str, **changes: Any) -> Server:
    return replace(Server("crm", url, private_network=True), **changes)


async def told(sender: Sender, server: Server, body: bytes = b"{}") -> Found:
    """The body that came, or what came of it."""
    found = await sender.send(server, HEADERS, body)
    if not isinstance(found, Arrived):
        return found
    async with found:
        try:
            return await found.body()
        except (Broken, TooLarge) as error:
            return type(error)


def asked(adapter: Adapter, server: Server, times: int = 1, bounds: Bounds = BOUNDS) -> list[Found]:
    """What came of so many requests, one after the other."""

    async def asking(sender: Sender) -> list[Found]:
        return [await told(sender, server, b"%d" % number) for number in range(times)]

    found: list[Found] = using(adapter, asking, bounds)
    return found
