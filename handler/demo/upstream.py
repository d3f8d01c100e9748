"""An MCP server to stand behind the gateway: it records what it is asked and does nothing else.

Made with the official SDK, with tools like those of a messaging and of a payment service. Its
`/recorded` page answers what reached it, so that a demo or a test can tell a refused call from one
that came through.
"""

import argparse
import asyncio
import json
import signal
import socket
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from mcp.server import MCPServer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

CUSTOMERS = [
    {"id": "cus_1", "name": "Ada Lovelace", "phone": "+15005550006"},
    {"id": "cus_2", "name": "Grace Hopper", "phone": "+15005550007"},
]


@dataclass
class Record:
    """The calls that reached the tools, in order."""

    calls: list[dict[str, Any]] = field(default_factory=list)

    def add(self, tool: str, **arguments: Any) -> int:
        """Write one call down; the answer is its number among the tool's calls, from 1."""
        self.calls.append({"tool": tool, "arguments": arguments})
        return sum(call["tool"] == tool for call in self.calls)


def server(record: Record) -> MCPServer:
    """The MCP server whose tools write to `record`."""
    mcp = MCPServer("holdpoint-demo-upstream", version="1", log_level="WARNING")

    @mcp.tool()
    def list_customers() -> str:
        """List the customers."""
        record.add("list_customers")
        return json.dumps(CUSTOMERS)

    @mcp.tool()
    def send_message(to: str, body: str) -> str:
        """Send a text message. Each message is charged."""
        return f"message {record.add('send_message', to=to, body=body)} queued for {to}"

    @mcp.tool()
    def create_charge(customer: str, amount: float, currency: str) -> str:
        """Charge a customer's card."""
        number = record.add("create_charge", customer=customer, amount=amount, currency=currency)
        return f"charge ch_{number} of {amount:g} {currency} succeeded"

    @mcp.tool()
    def create_refund(charge: str, amount: float) -> str:
        """Pay money back."""
        number = record.add("create_refund", charge=charge, amount=amount)
        return f"refund re_{number} of {amount:g} for {charge} succeeded"

    @mcp.tool()
    def delete_customer(customer: str) -> str:
        """Delete a customer for ever."""
        record.add("delete_customer", customer=customer)
        return f"{customer} deleted"

    return mcp


def application(record: Record) -> Starlette:
    """The server over Streamable HTTP at `/mcp`, and `/recorded`."""
    app = server(record).streamable_http_app()

    def recorded(_: Request) -> Response:
        return JSONResponse(record.calls)

    app.router.add_route("/recorded", recorded)
    return app


async def serve(port: int) -> None:
    """Serve on 127.0.0.1 until SIGINT or SIGTERM; the first line printed is the MCP endpoint."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        config = uvicorn.Config(application(Record()), log_level="warning", lifespan="on")
        running = uvicorn.Server(config)
        # uvicorn stops on these by itself and then raises them again, to nobody's use here.
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, lambda: None)
        print(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
        await running.serve(sockets=[listener])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m handler.demo.upstream", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="default: any that is free")
    asyncio.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
