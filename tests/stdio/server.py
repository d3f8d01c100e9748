"""A stdio server made with the official SDK. What reached its tools stands in the file it is given.

Run as `python -m tests.stdio.server FILE`.
"""

import json
import sys
from pathlib import Path
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context


def server(file: Path) -> MCPServer:
    mcp = MCPServer("stdio-upstream", version="1", log_level="WARNING")

    def reached(tool: str, **arguments: Any) -> None:
        with file.open("a") as record:
            record.write(json.dumps({"tool": tool, **arguments}) + "\n")

    @mcp.tool()
    def read_customer(id: str) -> str:
        """Read a customer."""
        reached("read_customer", id=id)
        return f"customer {id} \u2028 é"

    @mcp.tool()
    def create_charge(amount: float, currency: str) -> str:
        """Charge a card."""
        reached("create_charge", amount=amount, currency=currency)
        return f"charged {amount:g} {currency}"

    @mcp.tool()
    async def count(to: int, ctx: Context) -> str:
        """Count, telling of each step."""
        reached("count", to=to)
        for step in range(to):
            await ctx.report_progress(step + 1, to)
        return f"counted to {to}"

    @mcp.tool()
    async def grow(name: str, legacy: bool, ctx: Context) -> str:
        """Get another tool."""
        mcp.add_tool(lambda: name, name=name, description="Grown.")
        await (ctx.session.send_tool_list_changed() if legacy else ctx.notify_tools_changed())
        return f"grew {name}"

    return mcp


if __name__ == "__main__":
    server(Path(sys.argv[1])).run("stdio")
