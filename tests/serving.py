"""The HTTP server as tests use it: it ends as soon as it is told to.

uvicorn looks every 0.1 s whether it should exit and then waits as long again, hundreds of times.
"""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

LOOK_SECONDS = 0.005


class Server(uvicorn.Server):
    """Set `should_exit` from any thread."""

    async def main_loop(self) -> None:
        await self.on_tick(0)
        while not self.should_exit:
            await asyncio.sleep(LOOK_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Open requests are waited for, as uvicorn does."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections or self.server_state.tasks:
            await asyncio.sleep(LOOK_SECONDS)
        await self.lifespan.shutdown()


@contextmanager
def in_a_thread(app: ASGIApp, listener: socket.socket) -> Iterator[None]:
    """Serve the application until the end of the block, which waits for open requests."""
    server = Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
