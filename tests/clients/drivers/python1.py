"""The official Python client 1.x over HTTP: URL TOKEN."""

import logging
import sys
from datetime import timedelta

import anyio
import checks
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client


async def main(url, token):
    told = anyio.Event()

    async def notified(message):
        if "tools/list_changed" in repr(message):
            told.set()

    headers = {"Authorization": f"Bearer {token}"}
    async with (
        streamablehttp_client(url, headers=headers, timeout=90) as (reads, writes, _),
        ClientSession(
            reads, writes, read_timeout_seconds=timedelta(seconds=90), message_handler=notified
        ) as session,
    ):
        checks.tell("version", (await session.initialize()).protocolVersion)

        async def names():
            return [tool.name for tool in (await session.list_tools()).tools]

        async def call(tool, arguments, progress):
            return await session.call_tool(tool, arguments, progress_callback=progress)

        async def read(uri):
            return (await session.read_resource(uri)).contents[0].text

        async def heard(announce):
            await announce(True)
            with anyio.move_on_after(60):
                await told.wait()
            return told.is_set()

        await checks.run(names, call, read, heard)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    anyio.run(main, *sys.argv[1:])
