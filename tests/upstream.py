"""An upstream MCP server for the tests, made with the official SDK, in a process of its own.

`/recorded` answers what reached it: each request's method and headers, and each tool's calls. So a
test can tell a refused call from one that came through. Run as `python -m tests.upstream`.
"""

import asyncio
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send


@dataclass
class Record:
    """What arrived, in order."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)


def server(record: Record) -> MCPServer:
    """The server whose tools write to `record`."""
    mcp = MCPServer("test-upstream", version="1", log_level="WARNING")

    @mcp.tool()
    def read_customer(id: str) -> str:
        """Read a customer."""
        record.calls.append({"tool": "read_customer", "arguments": {"id": id}})
        return f"customer {id}"

    @mcp.tool()
    def send_message(to: str, body: str) -> str:
        """Send a message."""
        record.calls.append({"tool": "send_message", "arguments": {"to": to, "body": body}})
        return f"message {len(record.calls)}"

    @mcp.tool()
    def create_charge(amount: float, currency: str) -> str:
        """Charge a card."""
        arguments = {"amount": amount, "currency": currency}
        record.calls.append({"tool": "create_charge", "arguments": arguments})
        return f"charged {amount:g} {currency}"

    @mcp.tool()
    def delete_customer(id: str) -> str:
        """Delete a customer."""
        record.calls.append({"tool": "delete_customer", "arguments": {"id": id}})
        return f"deleted {id}"

    @mcp.tool()
    async def count(to: int, ctx: Context) -> str:
        """Count, telling of each step."""
        record.calls.append({"tool": "count", "arguments": {"to": to}})
        for step in range(to):
            await ctx.report_progress(step + 1, to, f"step {step + 1} \u2028 é")
        return f"counted to {to} \u2028 é"

    @mcp.tool()
    async def announce(legacy: bool, ctx: Context) -> str:
        """Say that the tools changed, in the way of the caller's era."""
        await (ctx.session.send_tool_list_changed() if legacy else ctx.notify_tools_changed())
        return "announced"

    @mcp.resource("test://secret")
    def secret() -> str:
        """A side channel."""
        record.calls.append({"resource": "test://secret"})
        return "secret"

    return mcp


class Recording:
    """Writes down every request's method and headers before the server sees it."""

    def __init__(self, app: ASGIApp, record: Record) -> None:
        self._app, self._record = app, record

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/mcp":
            headers = {k.decode(): v.decode("latin-1") for k, v in scope["headers"]}
            self._record.requests.append({"method": scope["method"], "headers": headers})
        await self._app(scope, receive, send)


def application(record: Record, mcp: MCPServer) -> Starlette:
    """The server at `/mcp`, and `/recorded`; DELETE there starts the record again."""
    app = mcp.streamable_http_app()

    def recorded(request: Request) -> Response:
        if request.method == "DELETE":
            record.requests.clear()
            record.calls.clear()
        return JSONResponse({"requests": record.requests, "calls": record.calls})

    app.router.add_route("/recorded", recorded, methods=["GET", "DELETE"])
    app.add_middleware(Recording, record=record)
    return app


def listening() -> socket.socket:
    """A free port. Connections inherit TCP_NODELAY, which asyncio sets only on its own sockets."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def serve(make: Callable[[Record], MCPServer]) -> None:
    """Serve on a free port of 127.0.0.1 and print that port."""
    record = Record()
    with listening() as listener:
        app = application(record, make(record))
        config = uvicorn.Config(app, log_level="warning", lifespan="on")
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
        asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    serve(server)
