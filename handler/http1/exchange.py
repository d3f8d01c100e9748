"""One request over one connection, and its answer. Blocking, and for one thread at a time.

Must not know why something is asked. Nothing is sent twice, whatever happens.
"""

import time
from contextlib import suppress
from threading import Lock

from handler.http1.answer import Reading
from handler.http1.connections import Connections, Origin
from handler.http1.head import Head

PIECE = 65_536


class Exchange:
    """End it, however far it came."""

    def __init__(self, connections: Connections, origin: Origin, seconds: float) -> None:
        """All of it may take so many seconds. Raises OSError: then nothing was sent."""
        self._ends = time.monotonic() + seconds
        self._connections, self._origin = connections, origin
        self._reading = Reading()
        self._ready = b""
        self._ended = Lock()
        self._socket = connections.take(origin)

    def ask(self, request: bytes) -> Head:
        """Send the request and wait for the head of its answer.

        Raises OSError and `Malformed`: then it may or may not have been received.
        """
        self._patience()
        with suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(request)  # who refuses it unread may have said so before leaving
        while self._reading.head is None:
            self._read()
        return self._reading.head

    @property
    def waits(self) -> bool:
        """Whether the next part has yet to come."""
        return not self._ready and not self._reading.over

    def part(self) -> bytes:
        """More of the body; nothing when it is over. Raises OSError and `Malformed`."""
        while self.waits:
            self._read()
        part, self._ready = self._ready, b""
        return part

    def end(self) -> None:
        """Give the connection back, or close it where the answer has not come whole."""
        if not self._ended.acquire(blocking=False):
            return  # given back twice, it would serve two exchanges at once
        if self._reading.leaves_connection:
            self._connections.keep(self._origin, self._socket)
        else:
            self._socket.close()

    def _read(self) -> None:
        self._patience()
        self._ready += self._reading.feed(self._socket.recv(PIECE))

    def _patience(self) -> None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
