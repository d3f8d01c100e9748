"""Stores in trouble: answers are lost once or for good, and another process goes on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol
from unittest.mock import patch

from aiohttp import web

from handler.aws.wire import Answer, Wire
from handler.stores.base import Store, StoreUnavailable
from handler.stores.dynamodb.connection import Connection
from handler.stores.sqlite import SQLiteStore
from tests.emulated.faults import FAULTS, Fault, Handler, Proxy
from tests.emulated.world import World
from tests.emulated.world import world as emulated
from tests.patience import PATIENCE
from tests.stores.worlds import patient

Step = Callable[[Store], Awaitable[object]]

FAULTS_OF_ONE_WRITE = (
    Fault.LOST_ANSWER,
    Fault.LOST_REQUEST,
    Fault.THROTTLED,
    Fault.CONFLICT,
    Fault.BROKEN,
)
WRITES = ("UpdateItem", "TransactWriteItems")
GIVEN_UP = 0.2
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
        self._under_way: set[object] = set()
        """Requests that have not come to their end, at the client or behind the proxy."""

    def once(self, fault: Fault) -> None:
        faults = [fault]
        self._proxy.plan = lambda asked, number: (
            faults.pop() if faults and asked in WRITES else None
        )

    async def abandoned(self, step: Step, turns: int) -> None:
        self._proxy.plan = lambda asked, number: self._lose if asked in WRITES else None
        with patch.object(Wire, "post", self._noted(Wire.post)):
            with patch.object(Connection, "step_seconds", GIVEN_UP), suppress(StoreUnavailable):
                await step(self.stores[0])
            async with asyncio.timeout(PATIENCE):
                while self._under_way:
                    await asyncio.sleep(0.01)  # in threads of the client's; they tell no event
        self._proxy.plan = lambda asked, number: None

    def _noted(self, post: Callable[..., Answer]) -> Callable[..., Answer]:
        def noted(*arguments: Any) -> Answer:
            with self._one_more():
                return post(*arguments)

        return noted

    async def _lose(self, proxy: Proxy, request: web.Request, body: bytes) -> web.StreamResponse:
        lose: Handler = FAULTS[Fault.LOST_ANSWER]
        with self._one_more():
            return await lose(proxy, request, body)

    @contextmanager
    def _one_more(self) -> Iterator[None]:
        mark = object()
        self._under_way.add(mark)
        try:
            yield
        finally:
            self._under_way.discard(mark)


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
    with patient():
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
