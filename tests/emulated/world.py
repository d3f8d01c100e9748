"""The AWS world on the emulator: one emulator for the whole run, new tables for every store."""

import asyncio
import atexit
import io
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import pytest

from handler.aws.service import Account
from handler.aws.signature import Credentials
from handler.stores.cloudwatch import CloudWatchJournal
from handler.stores.dynamodb.connection import Connection
from handler.stores.dynamodb.store import DynamoStore
from handler.stores.dynamodb.tables import Names
from infra.emulator import REGION, Emulator, is_installed, is_required
from tests.emulated.faults import Proxy
from tests.emulated.template import table_request

T = TypeVar("T")

MISSING = "the emulator is not installed: run `make emulator`"

needs_emulator = pytest.mark.skipif(
    not (is_installed("ministack") or is_required()), reason=MISSING
)


@cache
def emulator() -> Emulator:
    """The emulator, started by the first test that needs it and stopped with the process."""
    if not is_installed("ministack"):
        pytest.fail(MISSING)
    started = Emulator()
    started.__enter__()
    atexit.register(started.stop)
    return started


def connection(url: str, kind: type[Connection] = Connection) -> Connection:
    return kind(Account(REGION, lambda: Credentials("test", "test"), url))


def journal() -> CloudWatchJournal:
    """Lines that nobody reads: outside Lambda nothing takes them to CloudWatch."""
    return CloudWatchJournal(io.StringIO(), (), lambda: None)


@dataclass
class World:
    """A store on tables of its own, behind a proxy."""

    store: DynamoStore
    names: Names
    proxy: Proxy

    def another(self) -> DynamoStore:
        """Another process's store on the same tables."""
        return DynamoStore(connection(self.proxy.url), self.names, journal())


async def make_tables(url: str) -> Names:
    """New tables, as the template has them."""
    direct = connection(url)
    prefix = secrets.token_hex(4)
    ids = ("Registry", "Ledger", "Answers", "Payloads")
    try:
        for logical_id in ids:
            request = table_request(logical_id, f"{prefix}-{logical_id}")
            await direct.send("CreateTable", request)
    finally:
        await direct.close()
    return Names(*(f"{prefix}-{logical_id}" for logical_id in ids))


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    names = await make_tables(emulator().url)
    async with Proxy(emulator().url).running() as proxy:
        store = DynamoStore(connection(proxy.url), names, journal())
        try:
            yield World(store, names, proxy)
        finally:
            await store.close()


def in_world(test: Callable[[World], Awaitable[T]]) -> T:
    """Run a test's coroutine in a world of its own."""

    async def run() -> T:
        async with world() as made:
            return await test(made)

    return asyncio.run(run())


def now() -> float:
    return time.time()
