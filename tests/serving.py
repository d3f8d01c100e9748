"""The HTTP server as tests use it: it ends as soon as it is told to.

uvicorn looks every 0.1 s whether it should exit and then waits as long again, hundreds of times.
"""

import asyncio
import socket

import uvicorn

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
