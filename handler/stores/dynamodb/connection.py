"""One request to DynamoDB: sent until it is answered or its time is over.

Knows no table and no item. A request whose answer was lost is sent again as the same bytes, so
whoever calls makes requests that may arrive twice. The SDK is not used: its retries and time-outs
are made for other deadlines than a tool call's.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import orjson

from handler.clock import Clock, SystemClock
from handler.stores.base import StoreUnavailable
from handler.stores.dynamodb.attributes import Item, decode_item
from handler.stores.dynamodb.signature import Credentials, Signer

TARGET = "DynamoDB_20120810"

STEP_SECONDS = 3.0
"""What a store step may take, resending included."""

CONNECT_SECONDS, READ_SECONDS = 0.5, 1.0

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


@asynccontextmanager
async def one_step() -> AsyncIterator[None]:
    """Several requests that together are one store step, with one step's time."""
    try:
        async with asyncio.timeout(STEP_SECONDS):
            yield
    except TimeoutError as error:
        raise StoreUnavailable("the store did not answer in time") from error


class Connection:
    """DynamoDB at one address under one identity. Close it when done.

    `credentials` is asked before every attempt, since temporary ones change.
    """

    def __init__(
        self,
        endpoint: str,
        region: str,
        credentials: Callable[[], Credentials],
        clock: Clock | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._signer = Signer(endpoint, region, "dynamodb")
        self._credentials = credentials
        self._clock = clock or SystemClock()
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def send(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one operation, as DynamoDB wrote it.

        Raises ConditionFailed, Cancelled, or StoreUnavailable after `STEP_SECONDS` at the latest.
        """
        data = orjson.dumps(body)
        pause = FIRST_PAUSE
        last: Exception | None = None
        try:
            async with asyncio.timeout(STEP_SECONDS):
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
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _attempt(self, operation: str, data: bytes) -> dict[str, Any]:
        headers = self._signer.headers(
            f"{TARGET}.{operation}", data, self._credentials(), self._clock.now()
        )
        try:
            async with self._open().post(self._endpoint, data=data, headers=headers) as response:
                self._compare_clocks(response.headers.get("date"))
                answer = orjson.loads(await response.read())
                if response.status == 200:
                    return dict(answer)
                raise _refusal(operation, response.status, answer)
        except (aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError) as error:
            raise _Passing(type(error).__name__) from error

    def _open(self) -> aiohttp.ClientSession:
        """A session belongs to the event loop it was made in."""
        loop = asyncio.get_running_loop()
        if self._session is None or self._loop is not loop:
            self._loop = loop
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(
                    total=CONNECT_SECONDS + READ_SECONDS,
                    connect=CONNECT_SECONDS,
                    sock_read=READ_SECONDS,
                ),
                headers={"accept-encoding": "identity"},
                skip_auto_headers=("user-agent",),
            )
        return self._session

    def _compare_clocks(self, date: str | None) -> None:
        if date is None:
            return
        try:
            theirs = parsedate_to_datetime(date).timestamp()
        except ValueError as error:
            raise StoreUnavailable("the store's Date header cannot be read") from error
        skew = self._clock.now() - theirs
        if abs(skew) > MOST_SKEW:
            raise StoreUnavailable(
                f"this machine's clock differs from the store's by {skew:.0f} s: set it right"
            )


def _refusal(operation: str, status: int, answer: Mapping[str, Any]) -> Exception:
    code = str(answer.get("__type", "")).rpartition("#")[2]
    if code == "ConditionalCheckFailedException":
        return ConditionFailed(_item(answer))
    if code == "TransactionCanceledException":
        return _cancellation(operation, answer.get("CancellationReasons") or [])
    if status >= 500 or code in PASSING:
        return _Passing(code or str(status))
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
