"""Connections that are kept between exchanges, by whom they lead to.

Must not know what is said over them. Safe to use from several threads.
"""

import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import cache
from threading import Lock
from typing import Any

from compiler.frozen import dataclass

MOST_IDLE = 64


@dataclass(frozen=True, slots=True)
class Origin:
    """Whom a connection leads to."""

    secure: bool
    host: str
    """A name or an address in ASCII, without brackets."""
    port: int


LookUp = Callable[[Origin], Sequence[str]]
"""The addresses that may be connected to; raises OSError."""


def by_name(origin: Origin) -> Sequence[str]:
    """Whatever the system finds when it connects."""
    return (origin.host,)


class Connections:
    """Those of one client. Close them when done."""

    def __init__(
        self,
        *,
        connect_seconds: float,
        idle_seconds: float,
        wall: Callable[[], float],
        look_up: LookUp = by_name,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`connect_seconds` are for all addresses of a name together. A connection that lay still
        for `idle_seconds` is not used again: it may be gone without a word. By either clock: in a
        container that was frozen the one may have stood still, and the other may be set back.
        """
        self._connect_seconds, self._idle_seconds = connect_seconds, idle_seconds
        self._look_up, self._monotonic, self._wall = look_up, monotonic, wall
        self._idle: deque[tuple[Origin, socket.socket, float, float]] = deque()
        """The one used last is the last."""
        self._lock = Lock()
        self._closed = False

    def take(self, origin: Origin) -> socket.socket:
        """A connection nobody else uses; its time-out is the taker's to set.

        Raises OSError: then nothing was sent.
        """
        while (kept := self._kept(origin)) is not None:
            if _is_silent(kept):
                return kept
            kept.close()
        return self._open(origin)

    def keep(self, origin: Origin, connection: socket.socket) -> None:
        """Take back a connection that is at rest."""
        with self._lock:
            surplus = self._outlived()
            if self._closed or len(self._idle) >= MOST_IDLE:
                surplus.append(connection)
            else:
                self._idle.append((origin, connection, self._monotonic(), self._wall()))
        for each in surplus:
            each.close()

    def close(self) -> None:
        """Close those that are kept, and from then on each that comes back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, deque()
        for _, connection, _, _ in idle:
            connection.close()

    def _kept(self, origin: Origin) -> socket.socket | None:
        """The youngest that leads there."""
        with self._lock:
            surplus, found = self._outlived(), None
            for entry in reversed(self._idle):
                if entry[0] == origin:
                    self._idle.remove(entry)
                    found = entry[1]
                    break
        for each in surplus:
            each.close()
        return found

    def _outlived(self) -> list[socket.socket]:
        """Those that lay still for too long, taken out."""
        oldest, found = self._monotonic() - self._idle_seconds, []
        by_wall = self._wall() - self._idle_seconds
        while self._idle and (self._idle[0][2] <= oldest or self._idle[0][3] <= by_wall):
            found.append(self._idle.popleft()[1])
        return found

    def _open(self, origin: Origin) -> socket.socket:
        ends = self._monotonic() + self._connect_seconds
        found = self._look_up(origin)
        error = OSError("it has no address")
        for index, address in enumerate(found):
            share = max(ends - self._monotonic(), 0.001) / (len(found) - index)
            try:
                return _connected(origin, address, share)
            except ssl.SSLError:
                raise
            except OSError as refused:
                error = refused
        raise error


def _is_silent(connection: socket.socket) -> bool:
    """Whether nothing can be read: before anything was asked that is the end, or no answer.

    Looks below TLS, without waiting.
    """
    connection.settimeout(0)
    try:
        socket.socket.recv(connection, 1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def _connected(origin: Origin, address: str, seconds: float) -> socket.socket:
    # Of a text Python makes bytes by the codec of international names, 1 ms of a cold start.
    at: Any = address.encode("ascii")
    plain = socket.create_connection((at, origin.port), seconds)
    try:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not origin.secure:
            return plain
        return _trust().wrap_socket(plain, server_hostname=origin.host.encode("ascii"))
    except BaseException:
        plain.close()
        raise


@cache
def _trust() -> ssl.SSLContext:
    """Made once: it reads all certificates of the system, or those that SSL_CERT_FILE names."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
