"""Implements `Sender` for a buffering front door: blocking HTTP, in threads.

Loading aiohttp takes as long as all else that a cold start loads. Must not know policies, grants or
JSON-RPC. What is connected to is what was checked; no proxy is asked and no redirect followed.
"""

import asyncio
import math
import ssl
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from socket import gaierror
from urllib.parse import quote, urlsplit

from handler import deadline
from handler.clock import wall_time
from handler.gateway.addresses import Forbidden, Reach, addresses, reach
from handler.gateway.bounds import Bounds
from handler.gateway.credentials import credentials
from handler.gateway.exchange import Arrived, Broken, Lost, NeverReached, Received
from handler.gateway.server import Server
from handler.http1.connections import Connections, Origin
from handler.http1.exchange import Exchange
from handler.http1.head import Head, Malformed
from handler.http1.request import Unwritable, written
from handler.secrets import SecretMissing, Secrets

IDLE_SECONDS = 3.0
"""Shorter than servers keep idle connections, so that none is used while it is being closed."""

ANSWER_SECONDS = 2.0
"""Of the time that is left, what settling and answering may need."""

LEAST_SECONDS = 1.0
"""An exchange is not begun with less: it would be given up while the upstream works."""

AT_ONCE = 64
"""Threads, made when needed."""

NO_TIME = "no time was left to wait for its answer"

PLAIN = "!$&'()*+,;=:@/?%-._~"
"""Characters of a path and a query that stand for themselves, or are quoted already."""


class BufferedUpstream:
    """Its threads serve any event loop. Close it when done."""

    def __init__(self, secrets: Secrets, bounds: Bounds) -> None:
        self._secrets, self._bounds = secrets, bounds
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="upstream")
        self._connections = {each: self._kept(each) for each in Reach}

    def _kept(self, allowed: Reach) -> Connections:
        return Connections(
            connect_seconds=self._bounds.connect_seconds,
            idle_seconds=IDLE_SECONDS,
            wall=wall_time,
            look_up=lambda origin: addresses(origin.host, origin.port, allowed),
        )

    @property
    def patience(self) -> float:
        """Seconds that a buffered answer may take."""
        return self._bounds.upstream_seconds

    @property
    def most(self) -> int:
        """Bytes that an answer may have."""
        return self._bounds.largest_answer

    async def send(
        self,
        server: Server,
        headers: Mapping[str, str],
        body: bytes | None,
        method: str = "POST",
        *,
        standing: bool = False,
    ) -> Arrived | NeverReached | Lost:
        """Make one request with these headers and the server's own credentials."""
        if server.command:
            return NeverReached("this gateway does not start programs")
        if standing:
            return NeverReached("this gateway cannot listen")
        try:
            allowed = reach(server.upstream, server.private_network)
            async with asyncio.timeout(_time_left()):
                own = await credentials(server, self._secrets)
            origin, request = _request(server.upstream, {**headers, **own}, body, method)
        except (Forbidden, SecretMissing, Unwritable) as error:
            return NeverReached(str(error))
        except UnicodeError:
            return NeverReached("its name could not be looked up")
        except TimeoutError:
            return NeverReached(NO_TIME)
        left = deadline.left() - ANSWER_SECONDS
        if left < LEAST_SECONDS:
            return NeverReached(NO_TIME)
        seconds = min(self._bounds.upstream_seconds, left)
        work = self._threads.submit(self._exchange, allowed, origin, request, seconds)
        try:
            return await asyncio.wrap_future(work)
        except asyncio.CancelledError:
            work.add_done_callback(_let_go)
            raise

    async def close(self) -> None:
        """Requests under way are left to their end; nobody waits for them."""
        self._threads.shutdown(wait=False)
        for connections in self._connections.values():
            connections.close()

    def _exchange(
        self, allowed: Reach, origin: Origin, request: bytes, seconds: float
    ) -> Arrived | NeverReached | Lost:
        """Up to the head of the answer, which all may take so many seconds. Blocking."""
        try:
            exchange = Exchange(self._connections[allowed], origin, seconds)
        except OSError as error:
            return NeverReached(_unreached(error))
        try:
            return self._arrived(exchange, exchange.ask(request))
        except (OSError, Malformed) as error:
            exchange.end()
            late = isinstance(error, TimeoutError)
            return Lost("it did not answer in time" if late else "it broke off")

    def _arrived(self, exchange: Exchange, head: Head) -> Arrived:
        reading: Future[bytes] | None = None

        async def piece() -> bytes:
            nonlocal reading
            if not exchange.waits:
                return exchange.part()
            reading = self._threads.submit(exchange.part)
            return await asyncio.wrap_future(reading)

        async def pieces() -> AsyncIterator[bytes]:
            try:
                while part := await piece():
                    yield part
            except (OSError, Malformed):
                raise Broken from None

        def close() -> None:
            """Now, or when the thread that still reads is done."""
            if reading is None:
                exchange.end()
            else:
                reading.add_done_callback(lambda _: exchange.end())

        return Received(head.status, head, pieces(), close, self._bounds.largest_answer)


def _time_left() -> float | None:
    """Seconds until it is too late to begin; None where it never is."""
    left = deadline.left() - ANSWER_SECONDS - LEAST_SECONDS
    return None if left == math.inf else left


def _request(
    url: str, headers: Mapping[str, str], body: bytes | None, method: str
) -> tuple[Origin, bytes]:
    """Whom to ask, and what. Raises `Unwritable`, and UnicodeError for a name that is none."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host = parts.hostname or ""
    if not host.isascii():
        host = host.encode("idna").decode()
    usual = 443 if secure else 80
    origin = Origin(secure, host, parts.port or usual)
    named = f"[{host}]" if ":" in host else host
    sent = {
        "host": named if origin.port == usual else f"{named}:{origin.port}",
        "accept-encoding": "identity",
        "user-agent": "holdpoint",
        **{name.lower(): value for name, value in headers.items()},
    }
    target = quote(parts.path or "/", PLAIN) + (f"?{quote(parts.query, PLAIN)}" * bool(parts.query))
    return origin, written(method, target, sent, body)


def _unreached(error: OSError) -> str:
    """Why no connection could be had, in a word or two, without addresses or values."""
    if isinstance(error, Forbidden):
        return str(error)
    if isinstance(error, ssl.SSLError):
        return "its TLS certificate or handshake was refused"
    if isinstance(error, gaierror):
        return "its name could not be looked up"
    return "it does not accept connections"


def _let_go(work: Future[Arrived | NeverReached | Lost]) -> None:
    """End an exchange that nobody waits for any more."""
    if not work.cancelled() and isinstance(arrived := work.result(), Arrived):
        arrived.close()
