"""The worlds whose stores pass the contract suite. A new store is one line in `WORLDS`."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from handler.stores.base import Store
from handler.stores.sqlite import SQLiteStore
from tests.emulated.place import dynamodb

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


WORLDS: dict[str, World] = {
    "sqlite": sqlite,
    "dynamodb": dynamodb,
}
