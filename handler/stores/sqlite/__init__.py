"""The ports on one SQLite file: the embedded world's store, for any number of processes.

Bottom up: `schema` knows the tables, `connection` opens the file, `lanes` gives a thread to the
writes and one to the reads; above them one module for each port, and `store` that bundles them.
"""

from handler.stores.sqlite.connection import StoreUnusable
from handler.stores.sqlite.store import SQLiteStore

__all__ = ["SQLiteStore", "StoreUnusable"]
