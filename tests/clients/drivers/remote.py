"""mcp-remote between a stdio client and the gateway: URL TOKEN NODE PROXY."""

import logging
import sys
import warnings

import anyio
import checks
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client


async def main(url, token, node, proxy):
    options = ["--allow-http", "--transport", "http-only", "--silent"]
    bearer = ["--header", f"Authorization: Bearer {token}"]
    server = StdioServerParameters(command=node, args=[proxy, url, *options, *bearer])
    async with Client(stdio_client(server), mode="legacy", read_timeout_seconds=90) as client:
        checks.tell("version", client.protocol_version)

        async def names():
            return [tool.name for tool in (await client.list_tools()).tools]

        async def call(tool, arguments, progress):
            return await client.call_tool(tool, arguments, progress_callback=progress)

        async def read(uri):
            return (await client.read_resource(uri)).contents[0].text

        await checks.run(names, call, read)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    anyio.run(main, *sys.argv[1:])
