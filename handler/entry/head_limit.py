"""An HTTP/1.1 connection that ends where a request's head does not.

The parser keeps what it has read of a head for as long as the head goes on, and nothing is known of
who sends it by then.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 65_536
"""Bytes of a request line and its headers, to within one read from the socket."""

TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n"


class HeadLimit(HttpToolsProtocol):
    """The server's protocol, which counts the bytes of a head that has not ended."""

    _head: int | None = None
    """Bytes of the head that is being read; None between heads."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head is not None:
            self._head += len(data)
            if self._head > LARGEST_HEAD:
                self.transport.write(TOO_LARGE)
                self.transport.close()

    def on_message_begin(self) -> None:
        self._head = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head = None
        super().on_headers_complete()
