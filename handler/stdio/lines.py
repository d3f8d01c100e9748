"""JSON-RPC messages as lines: taken from a stream, and given another id. Pure."""

import json
import re
from collections.abc import Iterator

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


class TooLong(Exception):
    """One line has more bytes than it may."""


class Lines:
    """Takes a stream apart. `most` is how many bytes one line may have."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Every line that these bytes complete, blank ones left out. Raises `TooLong`."""
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            self._take(end)
            line = b"".join(self._parts).strip(b" \t\r")
            self._parts, self._size = [], 0
            if line:
                yield line
        self._take(rest)

    def _take(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._most:
            raise TooLong
        self._parts.append(part)


def line(message: bytes) -> bytes:
    """A JSON text as one line: between tokens a line break is a space, inside strings is none."""
    return message.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n"


def with_id(text: str, id: str | int | None) -> str:
    """The same JSON object with another value of its top-level `id`, all else letter for letter.

    Raises ValueError where the text is no object that names `id` once.
    """
    found = [(start, end) for key, start, end in _members(text) if key == "id"]
    if len(found) != 1:
        raise ValueError("an object with one id was expected")
    ((start, end),) = found
    return text[:start] + json.dumps(id) + text[end:]


def _members(text: str) -> Iterator[tuple[object, int, int]]:
    """Each member of the object: its key, and where its value starts and ends."""
    at = _expect(text, 0, "{")
    while text[at : at + 1] != "}":
        key, at = _decoded(text, at)
        start = _expect(text, at, ":")
        _, end = _decoded(text, start)
        yield key, start, end
        at = _skip(text, end)
        if text[at : at + 1] != "}":
            at = _expect(text, at, ",")


def _decoded(text: str, at: int) -> tuple[object, int]:
    try:
        return _DECODER.raw_decode(text, at)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _expect(text: str, at: int, mark: str) -> int:
    """Where the next token starts after this mark. Raises ValueError."""
    at = _skip(text, at)
    if text[at : at + 1] != mark:
        raise ValueError(f"`{mark}` was expected")
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()
