"""The worlds whose stores pass the contract suite. A new store is one line in `WORLDS`."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from unittest.mock import patch

from handler.stores.base import Store
from handler.stores.dynamodb.connection import Connection
from handler.stores.sqlite import SQLiteStore
from tests.emulated.place import dynamodb as emulated
from tests.patience import PATIENCE

World = Callable[[Path], AbstractAsyncContextManager[Store]]
"""Opens the store that lives at a place (a folder of the test's own) and closes it afterwards.

Opening the same place again, in this process or another, is opening the same store.
"""


@asynccontextmanager
async def sqlite(place: Path) -> AsyncIterator[Store]:
    store = SQLiteStore(place / "holdpoint.db")
    try:
        yield store
    finally:
        await store.close()


@contextmanager
def patient() -> Iterator[None]:
    """Steps of the emulated store may take long: how fast this machine is, is not the question."""
    with patch.object(Connection, "step_seconds", PATIENCE):
        yield


@asynccontextmanager
async def dynamodb(place: Path) -> AsyncIterator[Store]:
    with patient():
        async with emulated(place) as store:
            yield store


WORLDS: dict[str, World] = {
    "sqlite": sqlite,
    "dynamodb": dynamodb,
}
