"""A server that answers as a script says, connection by connection, and remembers what came."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class End(Enum):
    """What becomes of a connection in place of an answer."""

    CLOSED = "a request is read, and the connection closed"
    RESET = "a request is read, and the connection reset"
    LEFT = "closed without waiting for a request"


Step = bytes | Iterable[bytes] | Callable[[bytes], bytes] | End | None
"""An answer, whole, piece by piece or made of the request; an end; or silence. Pieces come slowly;
each is asked for when those before it were sent, so that a test may keep it back."""


@dataclass
class Peer:
    """Where it is, and what came."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    """Of the connection that each request came on."""
    ended: dict[int, threading.Event] = field(default_factory=dict)
    """Whether a connection is over, on either side."""
    pieces: int = 0
    """How many pieces were sent of answers in pieces."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    @property
    def connections(self) -> int:
        return len(self.ended)


@contextmanager
def peer(*scripts: Sequence[Step], tls: ssl.SSLContext | None = None) -> Iterator[Peer]:
    """One script for each connection that may come: a step for each of its requests.

    After its last step a connection stays as it is until the other side leaves.
    """
    over = threading.Event()
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = Peer(listener.getsockname()[1])
        sockets: list[socket.socket] = []

        def accept() -> None:
            for number, script in enumerate(scripts):
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                sockets.append(connection)
                found.ended[number] = threading.Event()
                arguments = (found, number, connection, script, tls, over)
                thread = threading.Thread(target=_converse, args=arguments)
                threads.append(thread)
                thread.start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield found
        finally:
            over.set()
            for each in (listener, *sockets):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for thread in threads:
                thread.join()


def _converse(
    found: Peer,
    number: int,
    plain: socket.socket,
    script: Sequence[Step],
    tls: ssl.SSLContext | None,
    over: threading.Event,
) -> None:
    connection = plain
    try:
        with suppress(OSError):
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls is not None:
                connection = tls.wrap_socket(plain, server_side=True)
            for step in script:
                if step is End.LEFT or not (request := _request(connection)):
                    return
                found.numbers.append(number)
                found.requests.append(request)
                if isinstance(step, End):
                    if step is End.RESET:
                        linger: Any = struct.pack("ii", 1, 0)
                        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    return
                reply = step(request) if callable(step) else step
                _answer(found, connection, reply, over)
            while connection.recv(65_536):
                pass
    finally:
        connection.close()
        found.ended[number].set()


def _answer(
    found: Peer,
    connection: socket.socket,
    reply: bytes | Iterable[bytes] | None,
    over: threading.Event,
) -> None:
    if isinstance(reply, bytes):
        connection.sendall(reply)
    elif reply is not None:
        for piece in reply:
            connection.sendall(piece)
            found.pieces += 1
            over.wait(0.05)


def _request(connection: socket.socket) -> bytes:
    """A whole request, or nothing where the other side left."""
    text = b""
    while b"\r\n\r\n" not in text:
        if not (part := connection.recv(65_536)):
            return b""
        text += part
    head, _, body = text.partition(b"\r\n\r\n")
    lengths = [
        int(line.partition(b":")[2])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length:")
    ]
    while len(body) < sum(lengths):
        if not (part := connection.recv(65_536)):
            return b""
        body += part
    return head + b"\r\n\r\n" + body


def answer(
    body: str | bytes = "{}",
    status: str = "200 OK",
    media: str = "application/json",
    **headers: str,
) -> bytes:
    """An answer after which the connection may be used again."""
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {media}", f"Content-Length: {len(data)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + data
