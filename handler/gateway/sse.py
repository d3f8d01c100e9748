"""Server-sent events, read and written. Pure: bytes in, data texts out.

Must not know JSON-RPC. Reads as the HTML standard says (any line ending, comments, several `data`
lines); event names, ids and retry times are dropped, since streams are not resumed through here.
"""

import re

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_LINE_END = re.compile(rb"\r\n|\n|\r(?!$)")
"""A carriage return at the very end may be half of a line ending: it waits for the next bytes."""


class TooLong(Exception):
    """One event has more bytes than it may."""


class Events:
    """Takes a stream apart. `most` is how many bytes one event may have."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0
        self._started = False

    def feed(self, chunk: bytes) -> list[str]:
        """The data of every event that these bytes complete.

        Raises `TooLong` and UnicodeDecodeError.
        """
        *lines, self._rest = _LINE_END.split(self._rest + chunk)
        if len(self._rest) + self._size > self._most:
            raise TooLong
        return [data for line in lines if (data := self._line(line)) is not None]

    def _line(self, line: bytes) -> str | None:
        if not self._started:
            self._started, line = True, line.removeprefix(b"\xef\xbb\xbf")
        if not line:
            data, self._data, self._size = b"\n".join(self._data), [], 0
            return data.decode() if data else None
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(value)
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
