"""The DynamoDB world of the contract suite: a place is a file that says where its tables are."""

import io
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import boto3

from handler.stores.base import Store
from handler.stores.cloudwatch import CloudWatchJournal
from handler.stores.dynamodb.connection import Connection
from handler.stores.dynamodb.store import DynamoStore
from handler.stores.dynamodb.tables import Names
from infra.emulator import REGION
from tests.emulated.world import connection, emulator, make_tables

STREAM = "function"


class Runtime(io.StringIO):
    """Takes what a function prints to CloudWatch Logs, as Lambda does."""

    def __init__(self, client: Any, group: str) -> None:
        super().__init__()
        self._client, self._group = client, group

    def write(self, text: str) -> int:
        event = {"timestamp": int(time.time() * 1000), "message": text.rstrip("\n")}
        self._client.put_log_events(
            logGroupName=self._group, logStreamName=STREAM, logEvents=[event]
        )
        return len(text)


@asynccontextmanager
async def dynamodb(place: Path) -> AsyncIterator[Store]:
    await prepare(place)
    with handles(place) as opened:
        store = opened(connection)
        try:
            yield store
        finally:
            await store.close()


async def prepare(place: Path) -> None:
    """Make the place's tables, unless they are there."""
    file = place / "dynamodb.json"
    if not file.exists():
        url = emulator().url
        names = await make_tables(url)
        make_log(url, names.ledger)
        file.write_text(json.dumps({"url": url, "names": asdict(names)}))


@contextmanager
def handles(place: Path) -> Iterator[Callable[[Callable[[str], Connection]], DynamoStore]]:
    """Opens stores at a place, each over a connection that is made to its address."""
    found = json.loads((place / "dynamodb.json").read_text())
    names = Names(**found["names"])
    logs = log_client(found["url"])

    def opened(connect: Callable[[str], Connection]) -> DynamoStore:
        journal = CloudWatchJournal(Runtime(logs, names.ledger), [names.ledger], lambda: logs)
        return DynamoStore(connect(found["url"]), names, journal)

    try:
        yield opened
    finally:
        logs.close()


def make_log(url: str, group: str) -> None:
    client = log_client(url)
    client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName=STREAM)
    client.close()


def log_client(url: str) -> Any:
    return boto3.client(
        "logs",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
