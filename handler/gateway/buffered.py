"""The HTTP client of a buffering front door: the standard library's, in threads.

Loading aiohttp takes as long as all else that a cold start loads. Must not know policies, grants or
JSON-RPC. What is connected to is what was checked; no proxy is asked and no redirect followed.
"""

import asyncio
import select
import socket
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import SplitResult, urlsplit

from handler.gateway.addresses import Forbidden, Reach, addresses, reach
from handler.gateway.bounds import Bounds
from handler.gateway.exchange import Arrived, Broken, Lost, NeverReached, Received
from handler.gateway.server import Server
from handler.secrets import SecretMissing, Secrets

IDLE_SECONDS = 3.0
"""Shorter than servers keep idle connections, so that none is used while it is being closed."""

MOST_IDLE = 64
AT_ONCE = 64
PIECE = 65_536

Place = tuple[str, str, int | None, Reach]
"""Whom a kept connection may be used for: scheme, host, port, and how far it was let."""


class BufferedUpstream:
    """Implements `Sender`. Its threads serve any event loop."""

    def __init__(self, secrets: Secrets, bounds: Bounds) -> None:
        self._secrets, self._bounds = secrets, bounds
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="upstream")
        self._idle: dict[Place, deque[tuple[HTTPConnection, float]]] = {}

    @property
    def patience(self) -> float:
        """Seconds that a buffered answer may take."""
        return self._bounds.upstream_seconds

    @property
    def most(self) -> int:
        """Bytes that an answer may have."""
        return self._bounds.largest_answer

    async def send(
        self, server: Server, headers: Mapping[str, str], body: bytes | None, method: str = "POST"
    ) -> Arrived | NeverReached | Lost:
        """Make one request with these headers and the server's own credentials."""
        if server.command:
            return NeverReached("this gateway does not start programs")
        try:
            allowed = reach(server.upstream, server.private_network)
            own = {
                name: await self._secrets.reveal(reference)
                for name, reference in server.headers.items()
            }
        except (Forbidden, SecretMissing) as error:
            return NeverReached(str(error))
        sent = {"Accept-Encoding": "identity", "User-Agent": "holdpoint", **headers, **own}
        parts = urlsplit(server.upstream)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._threads, self._exchange, parts, allowed, method, body, sent
        )

    def _exchange(
        self,
        parts: SplitResult,
        allowed: Reach,
        method: str,
        body: bytes | None,
        headers: dict[str, str],
    ) -> Arrived | NeverReached | Lost:
        place = (parts.scheme, parts.hostname or "", parts.port, allowed)
        try:
            connection = self._kept(place) or self._open(place)
        except ssl.SSLError:
            return NeverReached("its TLS certificate or handshake was refused")
        except Forbidden as error:
            return NeverReached(str(error))
        except (socket.gaierror, UnicodeError):
            return NeverReached("its name could not be looked up")
        except OSError:
            return NeverReached("it does not accept connections")
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, body, headers)
            wire = connection.sock  # the response has it to itself where it is not to be kept
            response = connection.getresponse()
        except TimeoutError:
            connection.close()
            return Lost("it did not answer in time")
        except (OSError, HTTPException, ValueError):
            connection.close()
            return Lost("it broke off")
        return self._arrived(place, connection, wire, response)

    def _arrived(
        self,
        place: Place,
        connection: HTTPConnection,
        wire: socket.socket,
        response: HTTPResponse,
    ) -> Arrived:
        async def pieces() -> AsyncIterator[bytes]:
            loop = asyncio.get_running_loop()
            try:
                while part := await loop.run_in_executor(self._threads, response.read1, PIECE):
                    yield part
            except (OSError, HTTPException, ValueError):
                raise Broken from None
            if response.length:
                raise Broken

        def close() -> None:
            if response.isclosed() and connection.sock is not None:
                kept = self._idle.setdefault(place, deque(maxlen=MOST_IDLE))
                kept.append((connection, time.monotonic()))
                return
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)  # wakes a thread that still reads
            with suppress(OSError):
                response.close()
            connection.close()

        most = self._bounds.largest_answer
        return Received(response.status, response.headers, pieces(), close, most)

    def _kept(self, place: Place) -> HTTPConnection | None:
        """The connection used last that still stands: one that can be read was closed."""
        kept = self._idle.get(place, deque())
        while True:
            try:
                connection, since = kept.pop()
            except IndexError:
                return None
            idle = time.monotonic() - since
            if idle < IDLE_SECONDS and not select.select([connection.sock], [], [], 0)[0]:
                return connection
            connection.close()

    def _open(self, place: Place) -> HTTPConnection:
        """A connection to an address that was checked. Raises OSError before a byte is sent."""
        scheme, host, port, allowed = place
        usual = 443 if scheme == "https" else 80
        number = port or usual
        error: OSError = OSError("no address")
        for address in addresses(host, number, allowed):
            try:
                plain = socket.create_connection((address, number), self._bounds.connect_seconds)
            except OSError as refused:
                error = refused
                continue
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = HTTPConnection(host, number)
            connection.default_port = usual  # any other port belongs into the Host header
            connection.auto_open = 0
            connection.sock = _secured(plain, host) if scheme == "https" else plain
            connection.sock.settimeout(self._bounds.upstream_seconds)
            return connection
        raise error


def _secured(plain: socket.socket, host: str) -> ssl.SSLSocket:
    try:
        return _trust().wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


@cache
def _trust() -> ssl.SSLContext:
    """Made once: it reads all certificates of the system."""
    return ssl.create_default_context()
