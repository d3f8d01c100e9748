"""The head of an answer: its status and its headers. Pure.

Source: RFC 9112, sections 4 and 5. Must not know what follows it.
"""

import re
from collections.abc import Mapping

from compiler.frozen import dataclass

_STATUS = re.compile(r"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [^\x00-\x08\x0a-\x1f\x7f]*)?")
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")


class Malformed(Exception):
    """These bytes are no answer, or not the whole of one."""


@dataclass(frozen=True, slots=True)
class Head:
    """What comes before the body. Of a header that is there several times, the first."""

    status: int
    headers: Mapping[str, str]
    """By names in lower case."""

    def get(self, name: str) -> str | None:
        """The header of this name, in any case."""
        return self.headers.get(name.lower())


def read_head(text: bytes) -> tuple[str, Head]:
    """The minor version and the head of lines without their last ending. Raises `Malformed`."""
    first, *lines = _decoded(text).split("\r\n")
    if (status := _STATUS.fullmatch(first)) is None:
        raise Malformed("it does not begin as an answer does")
    headers: dict[str, str] = {}
    for line in lines:
        if (field := _FIELD.fullmatch(line)) is None:
            raise Malformed("a line of its head is no header")
        name, value = field[1].lower(), field[2].rstrip(" \t")
        if name not in headers:
            headers[name] = value
        elif name == "connection":
            headers[name] += f",{value}"
        elif name in ("content-length", "transfer-encoding"):
            raise Malformed("its length is told twice")
    return status[1], Head(int(status[2]), headers)


def is_field(line: bytes) -> bool:
    """Whether a line is a header."""
    return _FIELD.fullmatch(_decoded(line)) is not None


def _decoded(text: bytes) -> str:
    """Bytes that are no text come through and go out again as they were."""
    return text.decode("utf-8", "surrogateescape")
