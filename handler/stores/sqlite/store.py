"""The embedded world's ports over one file."""

import asyncio
from functools import partial
from pathlib import Path

from handler.stores.sqlite.answers import SQLiteAnswers
from handler.stores.sqlite.connection import create
from handler.stores.sqlite.definitions import SQLiteDefinitions
from handler.stores.sqlite.journal import SQLiteJournal
from handler.stores.sqlite.lanes import ReadLane, WriteLane
from handler.stores.sqlite.ledger import SQLiteLedger
from handler.stores.sqlite.nonces import SQLiteNonces
from handler.stores.sqlite.payloads import SQLitePayloads
from handler.stores.sqlite.registry import SQLiteRegistry
from handler.stores.sqlite.sweep import sweep


class SQLiteStore:
    """One world's ports. Any number of processes may open the same file; close it when done."""

    def __init__(self, path: Path) -> None:
        """Open the store, made where there is none. Raises `StoreUnusable`."""
        create(path)
        self._reads, self._writes = ReadLane(path), WriteLane(path)
        self.registry = SQLiteRegistry(self._reads, self._writes)
        self.ledger = SQLiteLedger(self._reads, self._writes)
        self.answers = SQLiteAnswers(self._reads, self._writes)
        self.payloads = SQLitePayloads(self._reads, self._writes)
        self.nonces = SQLiteNonces(self._writes)
        self.definitions = SQLiteDefinitions(self._reads, self._writes)
        self.journal = SQLiteJournal(self._reads, self._writes)

    async def sweep(self, now: float, kept: float | None) -> bool:
        """Take out a little of what is past its time; whether there may be more.

        `kept` are the seconds for which history is kept (`sweep.sweep`). May raise
        `StoreUnavailable`.
        """
        return await self._writes.ask(partial(sweep, now=now, kept=kept))

    async def close(self) -> None:
        """Keep what was asked before, then let go of the file."""
        await asyncio.to_thread(self._writes.close)
        await asyncio.to_thread(self._reads.close)
