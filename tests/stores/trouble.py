"""Stores in trouble: answers are lost once or for good, and another process goes on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol
from unittest.mock import patch

from aiohttp import web

from handler.stores.base import Store, StoreUnavailable
from handler.stores.dynamodb.connection import Connection
from handler.stores.sqlite import SQLiteStore
from tests.emulated.faults import FAULTS, Fault, Handler, Proxy
from tests.emulated.world import World
from tests.emulated.world import world as emulated

Step = Callable[[Store], Awaitable[object]]

FAULTS_OF_ONE_WRITE = (
    Fault.LOST_ANSWER,
    Fault.LOST_REQUEST,
    Fault.THROTTLED,
    Fault.CONFLICT,
    Fault.BROKEN,
)
WRITES = ("UpdateItem", "TransactWriteItems")
GIVEN_UP = 0.5
"""Seconds after which a step whose every answer is lost is given up."""


class Trouble(Protocol):
    """One deployment's store, as two processes have it open."""

    @property
    def stores(self) -> tuple[Store, Store]: ...

    def once(self, fault: Fault) -> None:
        """The next write meets the fault, where this store has a network to lose it in."""
        ...

    async def abandoned(self, step: Step, turns: int) -> None:
        """Begin the step and never learn of its end, which is over when this returns."""
        ...


class OnSqlite:
    """A caller that leaves: after so many turns of the event loop."""

    def __init__(self, *stores: SQLiteStore) -> None:
        self.stores: tuple[Store, Store] = (stores[0], stores[1])

    def once(self, fault: Fault) -> None:
        pass

    async def abandoned(self, step: Step, turns: int) -> None:
        begun = asyncio.ensure_future(step(self.stores[0]))
        for _ in range(turns):
            await asyncio.sleep(0)
        begun.cancel()
        with suppress(asyncio.CancelledError):
            await begun
        await self.stores[0].nonces.spend("a write behind it", 0)


class OnDynamo:
    """A network that brings every request and no answer."""

    def __init__(self, world: World) -> None:
        self.stores: tuple[Store, Store] = (world.store, world.another())
        self._proxy = world.proxy
        self._begun = self._done = 0

    def once(self, fault: Fault) -> None:
        faults = [fault]
        self._proxy.plan = lambda asked, number: (
            faults.pop() if faults and asked in WRITES else None
        )

    async def abandoned(self, step: Step, turns: int) -> None:
        self._proxy.plan = lambda asked, number: self._lose if asked in WRITES else None
        with patch.object(Connection, "step_seconds", GIVEN_UP), suppress(StoreUnavailable):
            await step(self.stores[0])
        async with asyncio.timeout(5):
            while self._begun > self._done:
                await asyncio.sleep(0.01)  # the proxy's own work; there is no event to wait for
        self._proxy.plan = lambda asked, number: None

    async def _lose(self, proxy: Proxy, request: web.Request, body: bytes) -> web.StreamResponse:
        self._begun += 1
        try:
            lose: Handler = FAULTS[Fault.LOST_ANSWER]
            return await lose(proxy, request, body)
        finally:
            self._done += 1


@asynccontextmanager
async def on_sqlite(place: Path) -> AsyncIterator[Trouble]:
    stores = [SQLiteStore(place / "holdpoint.db") for _ in range(2)]
    try:
        yield OnSqlite(*stores)
    finally:
        for store in stores:
            await store.close()


@asynccontextmanager
async def on_dynamo(place: Path) -> AsyncIterator[Trouble]:
    async with emulated() as world:
        trouble = OnDynamo(world)
        try:
            yield trouble
        finally:
            await trouble.stores[1].close()


TROUBLED: dict[str, Callable[[Path], AbstractAsyncContextManager[Trouble]]] = {
    "sqlite": on_sqlite,
    "dynamodb": on_dynamo,
}
