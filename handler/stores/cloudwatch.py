"""Decision records as lines of a log: what a function prints, CloudWatch Logs keeps.

Printing is recording here: the runtime takes the line before the function may answer. Reading is
the operator's, with an identity of their own; the functions have no right to it.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, TextIO

import orjson

from handler.stores.base import StoreUnavailable

KIND = "decision"
"""The member `log` by which a record is told from other lines."""

LOOK_BACK = (3_600, 86_400, 7 * 86_400, 90 * 86_400)
"""Seconds: how far back the newest records are looked for, nearest first."""


class CloudWatchJournal:
    """The Journal port. `client` makes a CloudWatch Logs client when one is first needed."""

    def __init__(self, out: TextIO, group: str, client: Callable[[], Any]) -> None:
        self._out, self._group, self._client = out, group, client
        self._closed = False

    async def append(self, record: dict[str, Any]) -> None:
        self._refuse_closed()
        self._out.write(orjson.dumps({"log": KIND, **record}).decode() + "\n")
        self._out.flush()

    async def recent(self, limit: int) -> list[dict[str, Any]]:
        self._refuse_closed()
        return await asyncio.to_thread(self._recent, limit)

    def close(self) -> None:
        """From then on both raise StoreUnavailable."""
        self._closed = True

    def _refuse_closed(self) -> None:
        if self._closed:
            raise StoreUnavailable("the store is closed")

    def _recent(self, limit: int) -> list[dict[str, Any]]:
        client = self._client()
        found: list[dict[str, Any]] = []
        for seconds in LOOK_BACK:
            found = self._since(client, time.time() - seconds)
            if len(found) >= limit:
                break
        return found[-limit:]

    def _since(self, client: Any, start: float) -> list[dict[str, Any]]:
        pages = client.get_paginator("filter_log_events").paginate(
            logGroupName=self._group,
            startTime=int(start * 1000),
            filterPattern=f'{{ $.log = "{KIND}" }}',
        )
        events = [event for page in pages for event in page["events"]]
        events.sort(key=lambda event: event["timestamp"])
        records = [orjson.loads(event["message"]) for event in events]
        for record in records:
            del record["log"]
        return records
