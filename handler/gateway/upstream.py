"""The HTTP client that talks to upstream servers.

Must not know policies, grants or JSON-RPC. One request becomes one of three values: an answer has
begun to arrive, the upstream was provably never reached, or it is lost (it may have run). No POST
is ever sent twice (aiohttp repeats a DELETE whose kept connection ended), redirects are not
followed, and proxies of the environment are ignored.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from ipaddress import ip_address
from typing import Protocol
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from handler.gateway.addresses import Forbidden, Reach, check, reach
from handler.gateway.bounds import Bounds
from handler.gateway.credentials import credentials
from handler.gateway.exchange import Arrived, Broken, Lost, NeverReached, Received
from handler.gateway.server import Server
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


def arrived(response: aiohttp.ClientResponse, most: int) -> Received:
    """An answer as aiohttp brings it."""

    async def parts() -> AsyncIterator[bytes]:
        try:
            async for part in response.content.iter_any():
                yield part
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise Broken from None

    def close() -> None:
        response.close() if not response.content.at_eof() else response.release()

    return Received(response.status, response.headers, parts(), close, most)


class Resolver(AbstractResolver):
    """Looks names up as the system does; refuses a name with any address out of reach."""

    def __init__(self, allowed: Reach) -> None:
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                host, port, type=socket.SOCK_STREAM, family=family
            )
        except UnicodeError:
            raise socket.gaierror("it is no name") from None
        for _, _, _, _, peer in found:
            check(ip_address(str(peer[0]).partition("%")[0]), self._allowed)
        return [
            ResolveResult(
                hostname=host,
                host=str(peer[0]),
                port=port,
                family=each,
                proto=proto,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for each, _, proto, _, peer in found
        ]

    async def close(self) -> None:
        """Nothing is held."""


def sockets(allowed: Reach) -> Callable[[aiohttp.AddrInfoType], socket.socket]:
    """Makes the sockets of connections, none to an address out of reach.

    A host that the URL's reader takes for an address, in digits of any script, is not looked up.
    """

    def make(found: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, proto, _, peer = found
        try:
            address = ip_address(str(peer[0]).partition("%")[0])
        except ValueError:
            raise Forbidden("the upstream's address cannot be read") from None
        check(address, allowed)
        return socket.socket(family, kind, proto)

    return make


class Commands(Protocol):
    """Servers that are programs on this machine, reached over their standard streams."""

    async def send(
        self,
        server: Server,
        headers: Mapping[str, str],
        body: bytes | None,
        method: str,
        *,
        standing: bool = False,
    ) -> Arrived | NeverReached | Lost: ...

    async def close(self) -> None:
        """End every program that was started."""
        ...


class Upstream:
    """Sends requests to upstream servers over connections that are kept, per loop and reach."""

    def __init__(self, secrets: Secrets, bounds: Bounds, commands: Commands | None = None) -> None:
        self._secrets = secrets
        self._bounds = bounds
        self._commands = commands
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
            return await self._tell(server, headers, body, method, standing)
        try:
            allowed = reach(server.upstream, server.private_network)
            own = await credentials(server, self._secrets)
            async with asyncio.timeout(self._bounds.upstream_seconds):  # however it drips
                response = await self._session(allowed).request(
                    method,
                    server.upstream,
                    data=body,
                    headers={**headers, **own},
                    allow_redirects=False,
                    timeout=self._timeout(None if standing else self._bounds.upstream_seconds),
                )
        except NEVER_REACHED as error:
            return NeverReached(_reason(error))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Lost(_reason(error))
        return arrived(response, self._bounds.largest_answer)

    async def _tell(
        self,
        server: Server,
        headers: Mapping[str, str],
        body: bytes | None,
        method: str,
        standing: bool,
    ) -> Arrived | NeverReached | Lost:
        """The same for a server that is a program. Whatever fails before it starts is no call."""
        if self._commands is None:
            return NeverReached("this gateway does not start programs")
        try:
            return await self._commands.send(server, headers, body, method, standing=standing)
        except SecretMissing as error:
            return NeverReached(_reason(error))

    async def close(self) -> None:
        """End this loop's connections, and the programs."""
        if self._commands is not None:
            await self._commands.close()
        for session in self._sessions.pop(asyncio.get_running_loop(), {}).values():
            await session.close()

    def _timeout(self, silent: float | None) -> aiohttp.ClientTimeout:
        """`silent` is how many seconds may pass without a byte."""
        return aiohttp.ClientTimeout(
            total=None,
            connect=None,
            sock_connect=self._bounds.connect_seconds,
            sock_read=silent,
        )

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
            socket_factory=sockets(allowed),
        )
        return aiohttp.ClientSession(
            connector=connector,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"Accept-Encoding": "identity", "User-Agent": "holdpoint"},
        )


def _reason(error: BaseException) -> str:
    """What went wrong, in a word or two, without addresses or values."""
    if isinstance(error, Forbidden | SecretMissing):
        return str(error)
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, Forbidden):
        return str(error.os_error)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name could not be looked up"
    if isinstance(error, aiohttp.ClientSSLError | aiohttp.ClientConnectorCertificateError):
        return "its TLS certificate or handshake was refused"
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return "it does not accept connections"
    return "it did not answer in time" if isinstance(error, TimeoutError) else "it broke off"
