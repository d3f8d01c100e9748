"""JSON text to the exact values that are judged and forwarded, and back. The only reader of calls.

Must not know calls, policies or protocols. A text is read only where every JSON reader would read
the same from it: no duplicate key, no number whose value depends on the reader, no half character.
"""

import json
from collections.abc import Iterable
from typing import Any

from orjson import JSONDecodeError, dumps, loads

from compiler.values import Value, read_number

DEEPEST = 64
"""How many objects and lists may stand inside each other."""

DIGITS = "a number has more digits than every reader keeps; send fewer, or send it as a string"

OVERFLOW = "number is infinity"
"""How orjson begins to say that it refuses a number that is JSON."""

SPACE = b" \t\n\r"

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Unreadable(ValueError):
    """The text is not JSON that every reader reads alike. `reason` is for the sender.

    The reason quotes nothing of the text.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Inexact(Unreadable):
    """The text is JSON, and readers would keep different values of one of its numbers."""


def read(body: bytes) -> Value:
    """The value a JSON text spells. Raises `Unreadable`.

    What orjson reads and writes back byte for byte has no second spelling: no duplicate key, no
    excess digit, no escape that could hide half a character. White space may differ: without it,
    and without the spaces inside strings, a text has the same tokens in the same order, since no
    two tokens touch that could be read as one. So a key that comes twice would still be missing
    from what is written, and a number stands there as it was. Everything else takes the slow way.
    """
    try:
        value: Value = loads(body)
    except JSONDecodeError as error:
        if OVERFLOW in error.msg:
            raise Inexact(DIGITS) from None
        raise Unreadable(_reason(body, error)) from None
    # Deleting is twice as fast as counting.
    if len(body) - len(body.replace(b"[", b"").replace(b"{", b"")) > DEEPEST:
        _refuse_depth([value])
    text = dumps(value)
    if text == body or text.translate(None, SPACE) == body.translate(None, SPACE):
        return value
    return _read_strictly(body)


def write(value: Value) -> bytes:
    """The shortest JSON text of a value that `read` gave; reading it gives the same value."""
    return dumps(value)


def _read_strictly(body: bytes) -> Value:
    """Read text that orjson accepts, refusing what orjson lets pass."""
    try:
        return _STRICT.decode(body.decode())  # type: ignore[no-any-return]
    except RecursionError:  # inside the value of a key that comes twice, which orjson drops
        raise _too_deep() from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Unreadable("an object names a key twice")
    return members


def _number(text: str) -> int | float:
    number = read_number(text)
    if number is None:
        raise Inexact(DIGITS)
    return number


_STRICT = json.JSONDecoder(object_pairs_hook=_object, parse_int=_number, parse_float=_number)


def _refuse_depth(level: Iterable[Value]) -> None:
    """Raise where what stands on this level nests too deep."""
    for _ in range(DEEPEST + 1):
        groups = [member for member in level if type(member) is dict or type(member) is list]
        if not groups:
            return
        level = [
            member
            for group in groups
            for member in (group.values() if isinstance(group, dict) else group)
        ]
    raise _too_deep()


def _too_deep() -> Unreadable:
    return Unreadable(f"nested deeper than {DEEPEST} objects and lists")


def _reason(body: bytes, error: JSONDecodeError) -> str:
    """Why orjson refused the text, in words that quote none of it."""
    if body.startswith(BYTE_ORDER_MARK):
        return "the text starts with a byte order mark; send plain UTF-8"
    try:
        body.decode()
    except UnicodeDecodeError:
        return "the text is not UTF-8"
    return f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
