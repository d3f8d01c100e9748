"""Blocking POSTs to one address.

Must not know AWS. Nothing is sent twice.
"""

from urllib.parse import urlsplit

from compiler.frozen import dataclass
from handler.clock import wall_time
from handler.http1.connections import Connections, Origin
from handler.http1.exchange import Exchange
from handler.http1.head import Malformed
from handler.http1.request import written

IDLE_SECONDS = 5.0


class WireBroken(Exception):
    """No whole answer came. The request may or may not have arrived."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever it was."""

    status: int
    date: str | None
    body: bytes


class Wire:
    """One address. Safe to use from several threads; close it when done."""

    def __init__(self, url: str, connect_seconds: float, seconds: float) -> None:
        """An exchange may take `seconds`, of which `connect_seconds` to connect."""
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        self._origin = Origin(secure, parts.hostname or "", parts.port or (443 if secure else 80))
        self._path = parts.path or "/"
        self._seconds = seconds
        self._connections = Connections(
            connect_seconds=connect_seconds, idle_seconds=IDLE_SECONDS, wall=wall_time
        )

    def post(self, data: bytes, headers: dict[str, str]) -> Answer:
        """Send once. `headers` have a Host. Raises `WireBroken`."""
        request = written("POST", self._path, headers, data)
        try:
            exchange = Exchange(self._connections, self._origin, self._seconds)
            try:
                head = exchange.ask(request)
                return Answer(head.status, head.get("date"), b"".join(iter(exchange.part, b"")))
            finally:
                exchange.end()
        except (OSError, Malformed) as error:
            raise WireBroken(f"{type(error).__name__} {error}".rstrip()) from error

    def close(self) -> None:
        """A connection in use is closed when its answer has come."""
        self._connections.close()
