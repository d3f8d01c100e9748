"""A proxy of our own in front of the emulator: counts requests and does to them what networks do.

Also refuses what DynamoDB refuses and the emulator lets pass, so every test behind it checks that.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any

import aiohttp
from aiohttp import web

from tests.emulated.expressions import overlap, unused_placeholders, updates


class Fault(Enum):
    """What happens to one request."""

    LOST_ANSWER = "done, and its answer lost"
    LOST_REQUEST = "lost on its way"
    THROTTLED = "ThrottlingException"
    CONFLICT = "TransactionConflict"
    BROKEN = "500"
    HANGING = "no answer at all"
    LATE = "answered after half a second"
    TOO_LATE = "done, and answered when nobody waits any more"
    OLD_DATE = "answered by a store whose clock is an hour behind"


Handler = Callable[["Proxy", web.Request, bytes], Awaitable[web.StreamResponse]]
Plan = Callable[[str, int], Fault | Handler | None]


class Proxy:
    """Forwards to `target`. `plan` is asked for each request what is to happen to it."""

    def __init__(self, target: str, others: Mapping[str, str] | None = None) -> None:
        """`others` says where the requests of some services go: by their `X-Amz-Target`'s start."""
        self.url = ""
        self.requests: list[str] = []
        self.plan: Plan = lambda operation, number: None
        self._target, self._others = target, others or {}
        self._released = asyncio.Event()

    @property
    def counts(self) -> Counter[str]:
        return Counter(self.requests)

    def fail_once(self, fault: Fault, operation: str) -> None:
        """The next request of this operation meets the fault, and no other."""
        faults = [fault]

        def plan(asked: str, number: int) -> Fault | None:
            return faults.pop() if faults and asked == operation else None

        self.plan = plan

    def fail_always(self, fault: Fault) -> None:
        self.plan = lambda operation, number: fault

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Proxy"]:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}"
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            self._session = session
            try:
                yield self
            finally:
                self._released.set()
                await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        operation = _operation(request, body)
        self.requests.append(operation)
        refusal = _refused_by_dynamodb(operation, body)
        if refusal:
            return _error(400, "ValidationException", refusal)
        fault = self.plan(operation, len(self.requests))
        handle = FAULTS[fault] if fault is None or isinstance(fault, Fault) else fault
        return await handle(self, request, body)

    async def forward(self, request: web.Request, body: bytes) -> web.Response:
        service = request.headers.get("x-amz-target", "").partition(".")[0]
        target = self._others.get(service, self._target) + request.path_qs
        async with self._session.request(
            request.method, target, data=body, headers=request.headers
        ) as answer:
            kept = {
                name: answer.headers[name]
                for name in ("content-type", "date")
                if name in answer.headers
            }
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)

    async def lose_answer(self, request: web.Request, body: bytes) -> web.StreamResponse:
        await self.forward(request, body)
        return await self.lose_request(request, body)

    async def lose_request(self, request: web.Request, body: bytes) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def throttle(self, request: web.Request, body: bytes) -> web.StreamResponse:
        return _error(400, "ThrottlingException", "slow down")

    async def conflict(self, request: web.Request, body: bytes) -> web.StreamResponse:
        if "TransactItems" not in json.loads(body):
            return _error(400, "TransactionConflictException", "a transaction is in progress")
        reasons = [{"Code": "TransactionConflict"}, *({"Code": "None"} for _ in range(9))]
        return _error(400, "TransactionCanceledException", "cancelled", CancellationReasons=reasons)

    async def break_down(self, request: web.Request, body: bytes) -> web.StreamResponse:
        return _error(500, "InternalServerError", "oh no")

    async def hang(self, request: web.Request, body: bytes) -> web.StreamResponse:
        await self._released.wait()
        return web.Response()

    async def answer_slowly(self, request: web.Request, body: bytes) -> web.StreamResponse:
        response = await self.forward(request, body)
        await asyncio.sleep(0.5)  # the fault itself, and no wait of a test
        return response

    async def answer_too_late(self, request: web.Request, body: bytes) -> web.StreamResponse:
        response = await self.forward(request, body)
        await self._released.wait()
        return response

    async def answer_behind(self, request: web.Request, body: bytes) -> web.StreamResponse:
        response = await self.forward(request, body)
        response.headers["date"] = "Sat, 01 Jan 2000 00:00:00 GMT"
        return response


WRITES = ("UpdateItem", "TransactWriteItems")

FAULTS: dict[Fault | None, Handler] = {
    None: Proxy.forward,
    Fault.LOST_ANSWER: Proxy.lose_answer,
    Fault.LOST_REQUEST: Proxy.lose_request,
    Fault.THROTTLED: Proxy.throttle,
    Fault.CONFLICT: Proxy.conflict,
    Fault.BROKEN: Proxy.break_down,
    Fault.HANGING: Proxy.hang,
    Fault.LATE: Proxy.answer_slowly,
    Fault.TOO_LATE: Proxy.answer_too_late,
    Fault.OLD_DATE: Proxy.answer_behind,
}


PATHS = {
    "/v2/email/outbound-emails": "SendEmail",
    "/v2/email/identities/": "GetEmailIdentity",
    "/v2/email/account": "GetAccount",
    "/2016-08-19/account-settings": "GetAccountSettings",
}
"""How the paths of REST services start."""


def _operation(request: web.Request, body: bytes) -> str:
    """What is asked: JSON services say it in a header, query services in a form, REST by path."""
    named = request.headers.get("x-amz-target", "").rpartition(".")[2]
    if body.startswith(b"Action="):
        named = body.partition(b"&")[0].removeprefix(b"Action=").decode()
    by_path = (name for start, name in PATHS.items() if request.path.startswith(start))
    return named or next(by_path, "")


def _refused_by_dynamodb(operation: str, body: bytes) -> str | None:
    written = updates(operation, json.loads(body)) if operation in WRITES else []
    for update in written:
        if paths := overlap(update):
            return f"Two document paths overlap with each other: {paths}"
        if unused := unused_placeholders(update):
            return f"placeholders unused or undefined: {sorted(unused)}"
    return None


def _error(status: int, code: str, message: str, **more: Any) -> web.Response:
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message, **more}
    return web.json_response(body, status=status, content_type="application/x-amz-json-1.0")
