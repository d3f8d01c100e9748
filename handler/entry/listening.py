"""A socket to listen on, and serving an application on it until a signal says stop."""

import asyncio
import errno
import logging
import signal
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from handler.entry.arrival import Arrival
from handler.failure import CannotRun

GRACE_SECONDS = 5
"""How long open requests may take to end once the process was told to stop."""

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Addresses that stand for all of this machine's, and one of those."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises `CannotRun` saying what to do instead.

    Connections inherit TCP_NODELAY, which asyncio sets only on sockets that it made: without it
    each answer waits 40 ms for the other side's delayed acknowledgement.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=1024)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        raise CannotRun(_reason(error, host, port)) from error
    except OverflowError as error:
        raise CannotRun(f"--port {port} is not a port; ports go from 0 to 65535") from error


def _reason(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {host} is in use; stop what listens there, "
            "or choose another port with --port (0 takes any that is free)"
        )
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights than yours; choose one above 1023 with --port"
    # Python adds what it was doing, which the sentence says already
    what = str(error.strerror or error).partition(" (while")[0]
    return f"cannot listen on {host}, port {port}: {what.lower()}"


def address(listener: socket.socket) -> str:
    """Where this machine reaches the socket, as a URL without a path."""
    host, port = listener.getsockname()[:2]
    host = EVERYWHERE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """Says that it stops before it waits for the requests that are still open."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping()
        await super().shutdown(sockets)


def _is_news(record: logging.LogRecord) -> bool:
    """A request cut off after the grace is what was announced, no fault to draw a stack for."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, asyncio.CancelledError)


def server(app: ASGIApp, stopping: Callable[[], None]) -> Server:
    """The HTTP server. It writes no access log: paths of approval links are secrets.

    `stopping` is called once no new requests are taken, and should let the open ones end.
    """
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    return Server(
        uvicorn.Config(
            app,
            http=Arrival,
            lifespan="off",
            log_config=None,
            log_level="error",  # requests that are no HTTP are no news
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=GRACE_SECONDS,
        ),
        stopping,
    )


async def serve(http: uvicorn.Server, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM, or until `http.should_exit` is set."""
    loop = asyncio.get_running_loop()
    # uvicorn stops on these by itself and then raises them again; by then all is done.
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, lambda: None)
    await http.serve(sockets=[listener])
