"""An answer taken apart as it comes: bytes in, a head and the parts of a body out. Pure.

Source: RFC 9112, sections 4 to 7 and 9.3. Strict: bytes that have two readings, or none, are no
answer, since readers that guess differently are how one answer passes for another's.
"""

import re
from collections.abc import Callable

from handler.http1.head import Head, Malformed, is_field, read_head

MOST_HEAD = 65_536
"""Bytes of the head, with those of interim answers, and of trailers."""

MOST_LINE = 1_024
"""Bytes of the line before a chunk."""

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?")

BODILESS = (204, 304)
SWITCHING = 101


class Reading:
    """One answer.

    Each state is a method that takes what it can of `_rest` and says whether the next can go on.
    """

    def __init__(self) -> None:
        self.head: Head | None = None
        self.over = False
        """Whether the answer is whole."""
        self._rest = bytearray()
        self._left = 0
        """Bytes of the body, or of its chunk, that are to come."""
        self._room = MOST_HEAD
        self._lasting = False
        self._parts: list[bytes] = []
        self._state: State = Reading._begin

    @property
    def leaves_connection(self) -> bool:
        """Whether another answer may follow: this one is whole, and nothing came after it."""
        return self.over and self._lasting and not self._rest

    def feed(self, data: bytes) -> bytes:
        """What these bytes hold of the body; no bytes are the end. Raises `Malformed`."""
        if not data:
            self._ended()
        self._rest += data
        while not self.over and self._state(self):
            pass
        parts, self._parts = self._parts, []
        return b"".join(parts)

    def _ended(self) -> None:
        self._lasting = False
        if self._state is Reading._until_close:
            self.over = True
        if not self.over:
            raise Malformed("it stopped in the middle")

    def _begin(self) -> bool:
        """Until the empty line. Interim answers are passed over."""
        text = self._before(b"\r\n\r\n", self._room)
        if text is None:
            return False
        self._room -= len(text)
        minor, head = read_head(text)
        if 100 <= head.status < 200 and head.status != SWITCHING:
            return True
        self.head = head
        options = (head.get("connection") or "").lower().split(",")
        self._lasting = minor == "1" and "close" not in map(str.strip, options)
        self._state = self._framing(head, minor)
        return not self.over

    def _framing(self, head: Head, minor: str) -> "State":
        """How the body's end is told: RFC 9112, section 6.3."""
        length, coding = head.get("content-length"), head.get("transfer-encoding")
        if head.status == SWITCHING:
            raise Malformed("it switches to another protocol")
        if coding is not None and (length is not None or minor == "0"):
            raise Malformed("its length is told in two ways")
        if length is not None and not _is_length(length):
            raise Malformed("its length is no number")
        if coding is not None and coding.lower() != "chunked":
            raise Malformed("its transfer coding is not known")
        if head.status in BODILESS:
            self.over = True
        elif coding is not None:
            return Reading._chunk
        elif length is not None:
            self._left = int(length)
            self.over = self._left == 0
        else:
            return Reading._until_close
        return Reading._until_length

    def _until_length(self) -> bool:
        self._take()
        self.over = self._left == 0
        return False

    def _until_close(self) -> bool:
        self._left = len(self._rest)
        self._take()
        return False

    def _chunk(self) -> bool:
        line = self._before(b"\r\n", MOST_LINE)
        if line is None:
            return False
        if (size := _SIZE.fullmatch(line)) is None:
            raise Malformed("the size of a chunk is no number")
        self._left = int(size[1], 16)
        self._state = Reading._in_chunk if self._left else Reading._trailer
        return True

    def _in_chunk(self) -> bool:
        self._take()
        if not self._left:
            self._state = Reading._after_chunk
        return not self._left

    def _after_chunk(self) -> bool:
        if len(self._rest) < 2:
            return False
        if not self._rest.startswith(b"\r\n"):
            raise Malformed("a chunk is longer than its size")
        del self._rest[:2]
        self._state = Reading._chunk
        return True

    def _trailer(self) -> bool:
        line = self._before(b"\r\n", self._room)
        if line is None:
            return False
        self._room -= len(line)
        self.over = not line
        if line and not is_field(line):
            raise Malformed("a trailer is no header")
        return not self.over

    def _take(self) -> None:
        """Move what is there of the body, or of its chunk, to the parts."""
        part = bytes(self._rest[: self._left])
        del self._rest[: self._left]
        self._left -= len(part)
        self._parts.append(part)

    def _before(self, mark: bytes, most: int) -> bytes | None:
        """What stands before the mark, once that has come. Raises `Malformed` beyond `most`."""
        end = self._rest.find(mark)
        if (len(self._rest) - len(mark) if end < 0 else end) > most:
            raise Malformed("a line or its head is too long")
        if end < 0:
            return None
        text = bytes(self._rest[:end])
        del self._rest[: end + len(mark)]
        return text


def _is_length(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


State = Callable[[Reading], bool]
