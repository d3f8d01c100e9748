"""One request to DynamoDB: sent until it is answered or its time is over.

Knows no table and no item. A request whose answer was lost is sent again as the same bytes, so
whoever calls makes requests that may arrive twice. The SDK is not used: its retries and time-outs
are made for other deadlines than a tool call's.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

import orjson

from compiler.frozen import dataclass
from handler.aws.service import DYNAMODB, Account, Reply, Service, Unanswered
from handler.clock import Clock, SystemClock
from handler.stores.base import NotAllowed, StoreUnavailable
from handler.stores.dynamodb.attributes import Item, decode_item

STEP_SECONDS = 3.0
"""What a store step may take, resending included."""

FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.3
"""Seconds before sending again: doubled each time, and shortened at random to part rivals."""

MOST_SKEW = 30.0
"""Seconds by which our clock may differ from the store's: windows are read from ours."""

PASSING = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingError",
        "ThrottlingException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
"""Refusals that another attempt may get past."""

FORBIDDEN = "AccessDeniedException"


class ConditionFailed(Exception):
    """The condition of a single write did not hold. `item` is what it met, None where nothing."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("condition failed")
        self.item = item


@dataclass(frozen=True, slots=True)
class Reason:
    """How one action of a cancelled transaction fared: `failed` with the item it met, or not."""

    failed: bool
    item: Item | None


class Cancelled(Exception):
    """A transaction was cancelled because conditions did not hold: one reason for each action."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__("transaction cancelled")
        self.reasons = tuple(reasons)


class _Passing(Exception):
    """This attempt came to nothing; the next may not."""


class Connection:
    """DynamoDB as one identity sees it. Close it when done."""

    protocol = DYNAMODB
    step_seconds = STEP_SECONDS

    def __init__(self, account: Account, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._service = Service(account, self.protocol, self._clock)
        self._closed = False

    @asynccontextmanager
    async def one_step(self) -> AsyncIterator[None]:
        """Several requests that together are one store step, with one step's time."""
        try:
            async with asyncio.timeout(self.step_seconds):
                yield
        except TimeoutError as error:
            raise StoreUnavailable("the store did not answer in time") from error

    async def send(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one operation, as DynamoDB wrote it.

        Raises ConditionFailed, Cancelled, or StoreUnavailable after one step's time at the latest.
        """
        data = orjson.dumps(body)
        pause = FIRST_PAUSE
        last: Exception | None = None
        try:
            async with asyncio.timeout(self.step_seconds):
                while True:
                    try:
                        return await self._attempt(operation, data)
                    except _Passing as error:
                        last = error
                    await asyncio.sleep(random.uniform(pause / 2, pause))
                    pause = min(2 * pause, LONGEST_PAUSE)
        except TimeoutError:
            why = f": {last}" if last else ""
            raise StoreUnavailable(f"{operation} was not answered in time{why}") from last

    async def close(self) -> None:
        """From then on every request raises StoreUnavailable."""
        self._closed = True
        await self._service.close()

    async def _attempt(self, operation: str, data: bytes) -> dict[str, Any]:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        try:
            reply = await self._service.post(operation, data)
        except Unanswered as error:
            raise _Passing(str(error)) from error
        self._compare_clocks(reply.date)
        if reply.status != 200:
            raise _refusal(operation, reply)
        return reply.body

    def _compare_clocks(self, date: str | None) -> None:
        if date is None:
            return
        try:
            theirs = _seconds(date)
        except ValueError as error:
            raise StoreUnavailable("the store's Date header cannot be read") from error
        skew = self._clock.now() - theirs
        if abs(skew) > MOST_SKEW:
            raise StoreUnavailable(
                f"this machine's clock differs from the store's by {skew:.0f} s: set it right"
            )


@lru_cache(maxsize=1)
def _seconds(date: str) -> float:
    """The time that a Date header tells: the same one for a second. Raises ValueError."""
    return parsedate_to_datetime(date).timestamp()


def _refusal(operation: str, reply: Reply) -> Exception:
    code, answer = reply.code, reply.body
    if code == "ConditionalCheckFailedException":
        return ConditionFailed(_item(answer))
    if code == "TransactionCanceledException":
        return _cancellation(operation, answer.get("CancellationReasons") or [])
    if reply.status >= 500 or code in PASSING:
        return _Passing(code or str(reply.status))
    if code == FORBIDDEN:
        return NotAllowed(f"{operation} was refused: your AWS identity has no right to it")
    return StoreUnavailable(f"{operation} was refused: {code} {answer.get('message', '')}")


def _cancellation(operation: str, reasons: Sequence[Mapping[str, Any]]) -> Exception:
    """A condition that failed is an answer; without one, a conflict or a throttle may pass."""
    codes = {str(reason.get("Code")) for reason in reasons}
    if "ConditionalCheckFailed" in codes:
        return Cancelled(
            [
                Reason(reason.get("Code") == "ConditionalCheckFailed", _item(reason))
                for reason in reasons
            ]
        )
    if codes & PASSING:
        return _Passing(", ".join(sorted(codes)))
    return StoreUnavailable(f"{operation} was cancelled: {', '.join(sorted(codes))}")


def _item(answer: Mapping[str, Any]) -> Item | None:
    item = answer.get("Item")
    return decode_item(item) if item else None
