"""Server-sent events, read and written. Pure: bytes in, data texts out.

Must not know JSON-RPC. Reads as the HTML standard says (any line ending, comments, several `data`
lines); event names, ids and retry times are dropped, since streams are not resumed through here.
"""

import re

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_LINE_END = re.compile(rb"\r\n|\n|\r")


class TooLong(Exception):
    """One event has more bytes than it may."""


class Events:
    """Takes a stream apart. `most` is how many bytes one event may have."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._rest = bytearray()
        """Of the line that has not ended. Only new bytes are looked at for its end: a server that
        sends its line in small pieces must not cost more than its bytes."""
        self._half = b""
        """A carriage return that ended what came: perhaps half of a line ending."""
        self._data: list[bytes] = []
        self._size = 0
        self._started = False

    def feed(self, chunk: bytes) -> list[str]:
        """The data of every event that these bytes complete.

        Raises `TooLong` and UnicodeDecodeError.
        """
        found = []
        *ends, rest = _LINE_END.split(self._whole(chunk))
        for end in ends:
            line = bytes(self._rest + end)
            self._rest.clear()
            if (data := self._line(line)) is not None:
                found.append(data)
        self._rest += rest
        if len(self._rest) + self._size > self._most:
            raise TooLong
        return found

    def _whole(self, chunk: bytes) -> bytes:
        """The bytes without half a line ending at their end, and with the one before them."""
        text, self._half = self._half + chunk, b""
        if text.endswith(b"\r"):
            text, self._half = text[:-1], b"\r"
        return text

    def _line(self, line: bytes) -> str | None:
        if not self._started:
            self._started, line = True, line.removeprefix(b"\xef\xbb\xbf")
        if not line:
            data, self._data, self._size = b"\n".join(self._data), [], 0
            return data.decode() if data else None
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(value) + 1  # an empty line of data is a line break
            if self._size > self._most:
                raise TooLong
        return None


def ascii_json(text: str) -> bytes:
    """The same JSON in ASCII on one line, number for number and key for key.

    Outside ASCII there is nothing but characters of strings, and between tokens a line break is a
    space. Some readers of event streams break lines at U+2028.
    """
    escaped = _NOT_ASCII.sub(_escape, text) if not text.isascii() else text
    return escaped.replace("\r", " ").replace("\n", " ").encode("ascii")


def _escape(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def event(data: bytes) -> bytes:
    """One message event. `data` is one line."""
    return b"event: message\ndata: " + data + b"\n\n"


KEEP_ALIVE = b": waiting\n\n"
"""A comment: readers skip it, and the connection stays in use."""
