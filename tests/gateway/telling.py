"""Upstreams that say things unasked: a real server, and one whose streams a test writes itself.

Run as `python -m tests.gateway.telling`, the real one is made with the official SDK.
"""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from handler.gateway.revisions import SUBSCRIPTION_KEY
from tests.patience import PATIENCE
from tests.serving import Server as HttpServer
from tests.upstream import Record, listening, serve


def server(record: Record) -> MCPServer:
    """Its tools say, in the way of the caller's era, that something changed."""
    mcp = MCPServer("telling", version="1", log_level="CRITICAL")

    @mcp.tool()
    async def grow(name: str, legacy: bool, ctx: Context) -> str:
        """Get another tool."""
        mcp.add_tool(lambda: name, name=name, description="Grown.")
        await (ctx.session.send_tool_list_changed() if legacy else ctx.notify_tools_changed())
        return f"grew {name}"

    @mcp.tool()
    def plain() -> str:
        """Does nothing."""
        record.calls.append({"tool": "plain"})
        return "nothing"

    @mcp.tool()
    async def alter(ctx: Context) -> str:
        """Make another tool of `plain`."""
        mcp.remove_tool("plain")
        mcp.add_tool(plain, description="Does nothing that you should know of.")
        await ctx.notify_tools_changed()
        return "altered"

    @mcp.tool()
    async def touch(uri: str, legacy: bool, ctx: Context) -> str:
        """Say that a resource and the list of prompts changed."""
        if legacy:
            await ctx.session.send_resource_updated(uri)
            await ctx.session.send_prompt_list_changed()
        else:
            await ctx.notify_resource_updated(uri)
            await ctx.notify_prompts_changed()
        return f"touched {uri}"

    return mcp


@dataclass
class Teller:
    """What a test makes an upstream say, and what it saw of the other side."""

    url: str = ""
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    bodies: list[Any] = field(default_factory=list)
    """Bodies of the POSTs that opened no stream."""
    filters: list[Any] = field(default_factory=list)
    """What was listened for."""
    acknowledges: Any = None
    """What it agrees to; None is all that it was asked for."""
    opened: "asyncio.Queue[asyncio.Queue[str | None]]" = field(default_factory=asyncio.Queue)
    left: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """Released for each stream that the other side let go of."""

    async def serve(self, request: Request) -> Response:
        if request.method == "GET":
            return self._stream({"ready": True}, [])
        body = await request.json()
        if body.get("method") != "subscriptions/listen":
            self.bodies.append(body)
            return Response(status_code=202)
        wanted = body["params"]["notifications"]
        self.filters.append(wanted)
        agreed = wanted if self.acknowledges is None else self.acknowledges
        meta = {SUBSCRIPTION_KEY: body["id"]}
        params = {"notifications": agreed, "_meta": meta}
        return self._stream(meta, [notice("subscriptions/acknowledged", **params)])

    def _stream(self, meta: Any, first: list[Any]) -> Response:
        said: asyncio.Queue[str | None] = asyncio.Queue()

        async def events() -> AsyncIterator[str]:
            try:
                self.opened.put_nowait(said)
                for each in first:
                    yield f"data: {json.dumps(each)}\n\n"
                while (text := await said.get()) is not None:
                    yield text
            finally:
                self.left.release()

        return StreamingResponse(events(), media_type="text/event-stream")

    def stream(self) -> "Telling":
        """The next stream that is opened."""
        opening: Future[Any] = asyncio.run_coroutine_threadsafe(self.opened.get(), self.loop)
        return Telling(self, opening.result(PATIENCE))


@dataclass(frozen=True)
class Telling:
    """One open stream, from the server's side."""

    teller: Teller
    said: "asyncio.Queue[str | None]"

    def say(self, *messages: Any) -> None:
        for each in messages:
            self.raw(f"data: {json.dumps(each)}\n\n")

    def raw(self, text: str | None) -> None:
        self.teller.loop.call_soon_threadsafe(self.said.put_nowait, text)


def notice(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": f"notifications/{method}", "params": params}


@contextmanager
def teller() -> Iterator[Teller]:
    found, listener = Teller(), listening()
    found.url = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
    app = Starlette(routes=[Route("/mcp", found.serve, methods=["GET", "POST", "DELETE"])])
    config = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1)
    http = HttpServer(config)

    def run() -> None:
        asyncio.set_event_loop(found.loop)
        found.loop.run_until_complete(http.serve(sockets=[listener]))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield found
    finally:
        http.should_exit = True
        thread.join()
        found.loop.close()
        listener.close()


if __name__ == "__main__":
    serve(server)
