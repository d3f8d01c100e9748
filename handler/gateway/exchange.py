"""One exchange with an upstream, in words that no HTTP client is part of: a port and its values.

One request becomes one of three: an answer has begun to arrive, the upstream was provably never
reached, or it is lost (it may have run).
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from types import TracebackType
from typing import Protocol, Self

from compiler.frozen import dataclass
from handler.gateway.server import Server
from handler.gateway.sse import Events, TooLong


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


class Headers(Protocol):
    """What came before the body; names in any case."""

    def get(self, name: str, /) -> str | None: ...


class Arrived:
    """An answer whose head has come, however it travels. Close it, or read it to its end."""

    def __init__(
        self, status: int, media: str = "", session: str | None = None, compressed: bool = False
    ) -> None:
        self.status, self.media = status, media
        self.session, self.compressed = session, compressed

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
        """Let go of it, however much of it has been read."""

    async def body(self) -> bytes:
        """The whole body. Raises `TooLarge` and `Broken`."""
        return b""

    async def events(self, most: int | None = None) -> AsyncGenerator[str, None]:
        """Each event of a stream as it comes, of `most` bytes. Raises `TooLarge` and `Broken`."""
        nothing: tuple[str, ...] = ()
        for text in nothing:
            yield text


class Received(Arrived):
    """An answer over HTTP.

    `parts` gives the body's bytes as they come and raises `Broken`; `close` gives the connection
    back, or ends it where the answer has not been read whole.
    """

    def __init__(
        self,
        status: int,
        headers: Headers,
        parts: AsyncIterator[bytes],
        close: Callable[[], None],
        most: int,
    ) -> None:
        super().__init__(
            status,
            (headers.get("Content-Type") or "").partition(";")[0].strip().lower(),
            headers.get("Mcp-Session-Id"),
            (headers.get("Content-Encoding") or "identity") != "identity",
        )
        self._incoming, self._close, self._most = parts, close, most

    def close(self) -> None:
        self._close()

    async def body(self) -> bytes:
        """The whole body. Raises `TooLarge` and `Broken`."""
        parts, taken = [], 0
        async for part in self._incoming:
            taken += len(part)
            if taken > self._most:
                raise TooLarge
            parts.append(part)
        return b"".join(parts)

    async def events(self, most: int | None = None) -> AsyncGenerator[str, None]:
        """The data of each server-sent event as it comes. Raises `TooLarge` and `Broken`."""
        events = Events(most or self._most)
        async for part in self._incoming:
            try:
                texts = events.feed(part)
            except TooLong:
                raise TooLarge from None
            except UnicodeDecodeError:
                raise Broken from None
            for text in texts:
                yield text


class Sender(Protocol):
    """Sends requests to upstream servers. No POST is sent twice; redirects are not followed."""

    @property
    def patience(self) -> float:
        """Seconds that a buffered answer may take."""
        ...

    @property
    def most(self) -> int:
        """Bytes that an answer may have."""
        ...

    async def send(
        self,
        server: Server,
        headers: Mapping[str, str],
        body: bytes | None,
        method: str = "POST",
        *,
        standing: bool = False,
    ) -> Arrived | NeverReached | Lost:
        """Make one request with these headers and the server's own credentials.

        The answer to a `standing` one may be silent for as long as it likes.
        """
        ...


def unheard() -> None:
    """For what nobody needs to be told of."""
