"""The HTTP client that talks to upstream servers.

Must not know policies, grants or JSON-RPC. One request becomes one of three values: an answer has
begun to arrive, the upstream was provably never reached, or it is lost (it may have run). Nothing
is ever sent twice, redirects are not followed, and proxies of the environment are ignored.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from weakref import WeakKeyDictionary

import aiohttp

from handler.gateway.addresses import Forbidden, Reach, Resolver, reach
from handler.gateway.bounds import Bounds
from handler.gateway.server import Server
from handler.gateway.sse import Events, TooLong
from handler.secrets import SecretMissing, Secrets

IDLE_SECONDS = 3.0
"""Shorter than servers keep idle connections, so that none is used while it is being closed."""

NEVER_REACHED = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    Forbidden,
    SecretMissing,
)
"""Errors that come before a byte of the request is written: name lookup, connection, TLS."""


@dataclass(frozen=True, slots=True)
class NeverReached:
    """Provably nothing was sent. `reason` is for the operator and holds no secret."""

    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """It was sent, or may have been, and no answer came."""

    reason: str


class Broken(Exception):
    """The answer stopped in the middle, or is not text."""


class TooLarge(Exception):
    """The answer has more bytes than the gateway takes."""


class Arrived:
    """An answer whose head has come. Close it, or read it to its end."""

    def __init__(self, response: aiohttp.ClientResponse, most: int) -> None:
        self._response = response
        self._most = most
        self.status = response.status
        self.media = response.content_type
        self.session = response.headers.get("Mcp-Session-Id")
        self.compressed = response.headers.get("Content-Encoding", "identity") != "identity"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back, or end it where the answer has not been read whole."""
        self._response.close() if not self._response.content.at_eof() else self._response.release()

    async def body(self) -> bytes:
        """The whole body. Raises `TooLarge` and `Broken`."""
        parts = [part async for part in self._parts()]
        return b"".join(parts)

    async def events(self) -> AsyncIterator[str]:
        """The data of each server-sent event as it comes. Raises `TooLarge` and `Broken`."""
        events = Events(self._most)
        async for part in self._parts(whole=False):
            try:
                texts = events.feed(part)
            except TooLong:
                raise TooLarge from None
            except UnicodeDecodeError:
                raise Broken from None
            for text in texts:
                yield text

    async def _parts(self, whole: bool = True) -> AsyncIterator[bytes]:
        taken = 0
        try:
            async for part in self._response.content.iter_any():
                taken += len(part)
                if whole and taken > self._most:
                    raise TooLarge
                yield part
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise Broken from None


class Upstream:
    """Sends requests to upstream servers over connections that are kept, per loop and reach."""

    def __init__(self, secrets: Secrets, bounds: Bounds) -> None:
        self._secrets = secrets
        self._bounds = bounds
        self._sessions: WeakKeyDictionary[
            asyncio.AbstractEventLoop, dict[Reach, aiohttp.ClientSession]
        ] = WeakKeyDictionary()

    @property
    def patience(self) -> float:
        """Seconds that a buffered answer may take."""
        return self._bounds.upstream_seconds

    @property
    def most(self) -> int:
        """Bytes that a whole answer may have."""
        return self._bounds.largest_answer

    async def send(
        self, server: Server, headers: Mapping[str, str], body: bytes | None, method: str = "POST"
    ) -> Arrived | NeverReached | Lost:
        """Make one request with these headers and the server's own credentials."""
        try:
            allowed = reach(server.upstream, server.private_network)
            credentials = await self._credentials(server)
            response = await self._session(allowed).request(
                method,
                server.upstream,
                data=body,
                headers={**headers, **credentials},
                allow_redirects=False,
            )
        except NEVER_REACHED as error:
            return NeverReached(_reason(error))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Lost(_reason(error))
        return Arrived(response, self._bounds.largest_answer)

    async def close(self) -> None:
        """End this loop's connections."""
        for session in self._sessions.pop(asyncio.get_running_loop(), {}).values():
            await session.close()

    async def _credentials(self, server: Server) -> dict[str, str]:
        return {
            name: await self._secrets.reveal(reference)
            for name, reference in server.headers.items()
        }

    def _session(self, allowed: Reach) -> aiohttp.ClientSession:
        """Made when first needed: a Lambda container's loop exists only inside an invocation."""
        sessions = self._sessions.setdefault(asyncio.get_running_loop(), {})
        if allowed not in sessions:
            sessions[allowed] = self._open(allowed)
        return sessions[allowed]

    def _open(self, allowed: Reach) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=Resolver(allowed),
            family=socket.AF_UNSPEC,
            limit=512,
            keepalive_timeout=IDLE_SECONDS,
            use_dns_cache=False,
        )
        timeout = aiohttp.ClientTimeout(
            total=None,
            connect=None,
            sock_connect=self._bounds.connect_seconds,
            sock_read=self._bounds.upstream_seconds,
        )
        return aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"Accept-Encoding": "identity", "User-Agent": "holdpoint"},
        )


def _reason(error: BaseException) -> str:
    """What went wrong, in a word or two, without addresses or values."""
    if isinstance(error, Forbidden | SecretMissing):
        return str(error)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        inner = error.os_error
        return str(inner) if isinstance(inner, Forbidden) else "its name could not be looked up"
    if isinstance(error, aiohttp.ClientSSLError | aiohttp.ClientConnectorCertificateError):
        return "its TLS certificate or handshake was refused"
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return "it does not accept connections"
    return "it did not answer in time" if isinstance(error, TimeoutError) else "it broke off"
