"""Opening the store that is in a data folder. Must not know who works with it."""

from handler.entry.folder import Folder
from handler.failure import CannotRun
from handler.stores.sqlite import SQLiteStore, StoreUnusable


def open_store(folder: Folder) -> SQLiteStore:
    """The store, made where there is none. Raises `CannotRun`."""
    try:
        return SQLiteStore(folder.database)
    except StoreUnusable as error:
        raise CannotRun(str(error)) from error
