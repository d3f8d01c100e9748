"""An upstream that answers as it is told, and counts the calls that reached it."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.patience import PATIENCE

Manner = Callable[["Upstream", web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]

RESULT = "the upstream's answer"


class Upstream:
    """`manner` is how the next calls are answered."""

    def __init__(self) -> None:
        self.url = ""
        self.manner: Manner = answer
        self.headers: list[dict[str, str]] = []
        """Of every call."""
        self.calls: Counter[str] = Counter()
        """By the argument `id`: each test has its own."""
        self.arrived = asyncio.Event()
        self.released = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Upstream"]:
        app = web.Application(client_max_size=4 * 2**20)
        app.router.add_post("/mcp", self._serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/mcp"
        try:
            yield self
        finally:
            self.released.set()
            await runner.cleanup()

    async def reached(self) -> None:
        """Until the next request is here, from when it behaves so."""
        async with asyncio.timeout(PATIENCE):
            await self.arrived.wait()

    def behave(self, manner: Manner) -> None:
        self.manner = manner
        self.arrived, self.released = asyncio.Event(), asyncio.Event()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        self.headers.append({name.lower(): text for name, text in request.headers.items()})
        if body.get("method") == "tools/call":
            self.calls[body["params"]["arguments"].get("id", "")] += 1
        self.arrived.set()
        return await self.manner(self, request, body)


def _result(body: dict[str, Any], text: str) -> web.Response:
    result = {"content": [{"type": "text", "text": text}], "isError": False}
    return web.json_response({"jsonrpc": "2.0", "id": body["id"], "result": result})


async def answer(upstream: Upstream, request: web.Request, body: dict[str, Any]) -> web.Response:
    return _result(body, RESULT)


async def hang(upstream: Upstream, request: web.Request, body: dict[str, Any]) -> web.Response:
    """Answer when released, or never."""
    await upstream.released.wait()
    return _result(body, RESULT)


async def break_off(upstream: Upstream, request: web.Request, body: dict[str, Any]) -> web.Response:
    """Close the connection in place of an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def flood(upstream: Upstream, request: web.Request, body: dict[str, Any]) -> web.Response:
    """Answer with 7 MB."""
    return _result(body, "7" * 7_000_000)


async def fail(upstream: Upstream, request: web.Request, body: dict[str, Any]) -> web.Response:
    return web.Response(status=503, text="down for maintenance")
