"""Lambda's Invoke API over the functions, which may also refuse in a function's place.

Source: "Invoke" in the Lambda developer guide.
"""

from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from tests.strict.runtime import Function


@dataclass(frozen=True)
class Refusal:
    """What the Lambda service itself may say in a function's place."""

    status: int
    code: str


THROTTLED = Refusal(429, "TooManyRequestsException")
BROKEN = Refusal(500, "ServiceException")


class Lambda:
    """The Invoke API over some functions. `refusals` are given to the next calls, in order."""

    def __init__(self) -> None:
        self.url = ""
        self.refusals: deque[Refusal] = deque()
        self._functions: dict[str, Function] = {}
        self._stack = AsyncExitStack()

    async def add(self, function: Function) -> Function:
        self._functions[function.name] = function
        return await self._stack.enter_async_context(function.running())

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Lambda"]:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/2015-03-31/functions/{name}/invocations", self._invoke)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            async with self._stack:
                yield self
        finally:
            await runner.cleanup()

    async def _invoke(self, request: web.Request) -> web.Response:
        if self.refusals:
            refusal = self.refusals.popleft()
            return web.json_response(
                {"Type": "Service", "Message": "refused"},
                status=refusal.status,
                headers={"x-amzn-ErrorType": refusal.code, "x-amzn-RequestId": "refused"},
            )
        function = self._functions[request.match_info["name"].rpartition(":")[2]]
        answer = await function.invoke(await request.read())
        headers = {"X-Amz-Function-Error": "Unhandled"} if answer.failed else {}
        return web.Response(body=answer.body, headers=headers)
