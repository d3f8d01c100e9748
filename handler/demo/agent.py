"""An agent's side of MCP: the official client, pointed at the gateway with a grant's token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.types import CallToolResult, TextContent


@asynccontextmanager
async def agent(url: str, token: str, mode: str = "auto") -> AsyncIterator[Client]:
    """A connected client. `mode` is the SDK's: `auto`, `legacy`, or a modern revision."""
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        create_mcp_http_client(headers=headers) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        yield client


def said(result: CallToolResult) -> str:
    """The text of a tool's result."""
    return " ".join(part.text for part in result.content if isinstance(part, TextContent))
