"""An HTTP/1.1 connection that ends where a request's head does not, or a request does not come.

The parser keeps what it has read of a head for as long as the head goes on, and a request that
drips keeps its connection and what came of its body. Nothing is known of who sends them by then.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 65_536
"""Bytes of a request line and its headers, to within one read from the socket."""

TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n"


class Arrival(HttpToolsProtocol):
    """The server's protocol, which bounds how large heads are and how long requests take to come.

    Between two requests of a connection the server's own, shorter patience counts.
    """

    patience = 60.0
    """Seconds until a request must be there to its end, from the connection or its first byte."""

    _head: int | None = None
    """Bytes of the head that is being read; None between heads."""
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        self._came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head is not None:
            self._head += len(data)
            if self._head > LARGEST_HEAD:
                self.transport.write(TOO_LARGE)
                self.transport.close()

    def on_message_begin(self) -> None:
        self._head = 0
        self._expect()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._came()
        super().on_message_complete()

    def _expect(self) -> None:
        self._came()
        self._late = self.loop.call_later(self.patience, self._give_up)

    def _came(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        """Not while we do not read: then it is not the sender who is slow."""
        if self.flow.read_paused:
            self._expect()
        else:
            self.transport.close()
