"""Blocking POSTs to one address over connections that are kept.

Must not know AWS. Made of the standard library, since loading an HTTP client takes longer than all
else that a cold start loads. Nothing is sent twice, no redirect followed, no proxy asked.
"""

import select
import ssl
import time
from collections import deque
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from compiler.frozen import dataclass

IDLE_SECONDS = 5.0
"""A connection that lay still for longer is not used again: it may be gone without a word."""


class WireBroken(Exception):
    """No whole answer came. The request may or may not have arrived."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever it was."""

    status: int
    date: str | None
    body: bytes


class Wire:
    """Connections to one address. Safe to use from several threads."""

    def __init__(self, url: str, connect_seconds: float, read_seconds: float) -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port
        self._path = parts.path or "/"
        self._connect_seconds, self._read_seconds = connect_seconds, read_seconds
        self._idle: deque[tuple[HTTPConnection, float]] = deque()
        self._closed = False

    def post(self, data: bytes, headers: dict[str, str]) -> Answer:
        """Send once. Raises `WireBroken`."""
        connection = None
        try:
            connection = self._kept() or self._open()
            connection.request("POST", self._path, data, headers)
            response = connection.getresponse()
            answer = Answer(response.status, response.getheader("date"), response.read())
        except (OSError, HTTPException) as error:
            if connection is not None:
                connection.close()
            raise WireBroken(type(error).__name__) from error
        if response.will_close:
            connection.close()
        else:
            self._idle.append((connection, time.monotonic()))
        if self._closed:  # a caller that gave up may leave its thread to end after the close
            self.close()
        return answer

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop()[0].close()

    def _kept(self) -> HTTPConnection | None:
        """The connection used last that still stands: one that can be read was closed."""
        while True:
            try:
                connection, since = self._idle.pop()
            except IndexError:
                return None
            idle = time.monotonic() - since
            if idle < IDLE_SECONDS and not select.select([connection.sock], [], [], 0)[0]:
                return connection
            connection.close()

    def _open(self) -> HTTPConnection:
        seconds = self._connect_seconds
        made = (
            HTTPSConnection(self._host, self._port, timeout=seconds, context=_trust())
            if self._secure
            else HTTPConnection(self._host, self._port, timeout=seconds)
        )
        made.connect()
        made.sock.settimeout(self._read_seconds)
        return made


@cache
def _trust() -> ssl.SSLContext:
    """Made once: it reads all certificates of the system."""
    return ssl.create_default_context()
