"""Decision records as lines of a log: what a function prints, CloudWatch Logs keeps.

Printing is recording here: the runtime takes the line before the function may answer. Reading is
the operator's, with an identity of their own; the functions have no right to it.
"""

import asyncio
import heapq
import math
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TextIO

import orjson

from handler.clock import Clock, SystemClock
from handler.stores.base import NotAllowed, StoreUnavailable

KIND = "decision"
"""The member `log` by which a record is told from other lines."""

LOOK_BACK = (3_600, 86_400, 7 * 86_400, 90 * 86_400)
"""Seconds: how far back the newest records are looked for, nearest first."""

AT_ONCE = 500
"""Events that are read before any of them is told."""

LATE = 120.0
"""Seconds by which a record may be logged after the time it tells."""


class CloudWatchJournal:
    """The Journal port. `client` makes a CloudWatch Logs client when one is first needed."""

    def __init__(
        self,
        out: TextIO,
        groups: Sequence[str],
        client: Callable[[], Any],
        clock: Clock | None = None,
    ) -> None:
        """`groups` are those that are read, as one: each function writes to its own."""
        self._out, self._groups, self._client = out, groups, client
        self._clock = clock or SystemClock()
        self._closed = False

    async def append(self, record: dict[str, Any]) -> None:
        self._refuse_closed()
        self._out.write(orjson.dumps({"log": KIND, **record}).decode() + "\n")
        self._out.flush()

    async def note(self, record: dict[str, Any]) -> None:
        await self.append(record)

    async def recent(self, limit: int) -> list[dict[str, Any]]:
        self._refuse_closed()
        return await asyncio.to_thread(self._recent, limit)

    async def between(self, start: float, end: float) -> AsyncIterator[dict[str, Any]]:
        self._refuse_closed()
        events = self._events(self._client(), start, end + LATE)
        while page := await asyncio.to_thread(lambda: list(islice(events, AT_ONCE))):
            for record in _records(page):
                if start <= record["at"] < end:
                    yield record

    def close(self) -> None:
        """From then on all raise StoreUnavailable."""
        self._closed = True

    def _refuse_closed(self) -> None:
        if self._closed:
            raise StoreUnavailable("the store is closed")

    def _recent(self, limit: int) -> list[dict[str, Any]]:
        client = self._client()
        found: list[dict[str, Any]] = []
        for seconds in LOOK_BACK:
            found = _records(self._events(client, self._clock.now() - seconds))
            if len(found) >= limit:
                break
        return found[-limit:]

    def _events(
        self, client: Any, start: float, end: float | None = None
    ) -> Iterator[dict[str, Any]]:
        """The events of that time, those of all groups in one order."""
        each = (self._events_of(group, client, start, end) for group in self._groups)
        return heapq.merge(*each, key=lambda event: event["timestamp"])

    def _events_of(
        self, group: str, client: Any, start: float, end: float | None
    ) -> Iterator[dict[str, Any]]:
        pages = client.get_paginator("filter_log_events").paginate(
            logGroupName=group,
            startTime=int(start * 1000),
            filterPattern=f'{{ $.log = "{KIND}" }}',
            **({} if end is None else {"endTime": math.ceil(end * 1000)}),
        )
        try:
            for page in pages:
                yield from page["events"]
        except client.exceptions.ClientError as error:  # the SDK itself is not loaded here
            if error.response["Error"]["Code"].startswith("AccessDenied"):
                raise NotAllowed(
                    f"the log {group} was not read: your AWS identity has no right to it"
                ) from error
            raise StoreUnavailable(f"the log {group} was not read: {error}") from error


def _records(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records among the events, in the order in which they were logged."""
    ordered = sorted(events, key=lambda event: event["timestamp"])
    found = [_record(event["message"]) for event in ordered]
    return [record for record in found if record is not None]


def _record(line: str) -> dict[str, Any] | None:
    """None for another line of the same log, which a filter may let through."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(record, dict) or record.pop("log", None) != KIND:
        return None
    return record
