"""Requests that do not come: whoever sends them keeps no connection and no memory."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
import uvicorn.server
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from handler.entry.arrival import Arrival

pytestmark = pytest.mark.anyio

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Hasty(Arrival):
    patience = 0.3


class App:
    """Answers with the body, once `open` is set."""

    def __init__(self) -> None:
        self.open, self.ended = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await Request(scope, receive).body()
        except ClientDisconnect:
            self.ended.set()
            return
        await self.open.wait()
        await PlainTextResponse(body)(scope, receive, send)


@asynccontextmanager
async def served() -> AsyncIterator[tuple[App, asyncio.StreamReader, asyncio.StreamWriter]]:
    """An application that is served, and a connection to it."""
    app, state = App(), uvicorn.server.ServerState()
    config = uvicorn.Config(app, lifespan="off", log_config=None)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Hasty(config, state, {}), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    try:
        yield app, reader, writer
    finally:
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()


async def all_of(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(10):
        return await reader.read()


@pytest.mark.parametrize("sent", [b"", HEAD[:20], HEAD, HEAD + b"abc"])
async def test_a_connection_whose_request_does_not_come_is_closed(sent: bytes) -> None:
    async with served() as (_, reader, writer):
        writer.write(sent)
        assert await all_of(reader) == b""


async def test_a_body_that_drips_is_given_up_and_the_application_is_told() -> None:
    async with served() as (app, reader, writer):
        writer.write(HEAD.replace(b"4", b"400"))
        ended = asyncio.create_task(all_of(reader))
        while not ended.done():
            writer.write(b"a")
            await asyncio.wait([ended], timeout=0.05)
        assert ended.result() == b""
        async with asyncio.timeout(10):
            await app.ended.wait()


async def test_a_request_that_came_is_answered_however_long_that_takes() -> None:
    async with served() as (app, reader, writer):
        writer.write(HEAD + b"abcd")
        asyncio.get_running_loop().call_later(3 * Hasty.patience, app.open.set)
        answered = await reader.readuntil(b"abcd")
        assert re.match(rb"HTTP/1.1 200 ", answered)
