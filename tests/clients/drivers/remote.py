"""mcp-remote between a stdio client and the gateway: URL TOKEN NODE PROXY."""

import logging
import sys
import warnings

import anyio
import checks
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client


async def main(url, token, node, proxy):
    told = anyio.Event()

    async def notified(message):
        if "tools/list_changed" in repr(message):
            told.set()

    options = ["--allow-http", "--transport", "http-only", "--silent"]
    bearer = ["--header", f"Authorization: Bearer {token}"]
    server = StdioServerParameters(command=node, args=[proxy, url, *options, *bearer])
    patience = {"read_timeout_seconds": 90, "message_handler": notified}
    async with Client(stdio_client(server), mode="legacy", **patience) as client:
        checks.tell("version", client.protocol_version)

        async def names():
            return [tool.name for tool in (await client.list_tools()).tools]

        async def call(tool, arguments, progress):
            return await client.call_tool(tool, arguments, progress_callback=progress)

        async def read(uri):
            return (await client.read_resource(uri)).contents[0].text

        async def heard(announce):
            await announce(True)
            with anyio.move_on_after(60):
                await told.wait()
            return told.is_set()

        await checks.run(names, call, read, heard)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    anyio.run(main, *sys.argv[1:])
