"""Bytes that refer to each other by address: what a module's memory holds from the start.

Must not know policies. Things are put one behind the other; equal things once.
"""

import struct
from collections.abc import Iterable

from compiler.values import Value
from compiler.wasm.abi import (
    FALSE_KIND,
    LIST_KIND,
    NEGATIVE,
    NULL_KIND,
    NUMBER_KIND,
    OBJECT_KIND,
    STRING_KIND,
    TRUE_KIND,
    VALUE_SIZE,
)
from compiler.wasm.decimal import decimal_of

_VALUE = struct.Struct("<IIQiIII")
_KEY = struct.Struct("<II8s")
KEY_START_SIZE = 8
"""How many bytes of a key a member of an object holds itself."""


class Data:
    """The bytes from one address on."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._bytes = bytearray()
        self._places: dict[bytes, int] = {}

    def __bytes__(self) -> bytes:
        return bytes(self._bytes)

    @property
    def end(self) -> int:
        """The address behind all that was put, a multiple of 8."""
        return self._start + (len(self._bytes) + 7 & -8)

    def put(self, data: bytes) -> int:
        """The address of these bytes, a multiple of 8. The same bytes are put once."""
        if data not in self._places:
            self._places[data] = self._append(data)
        return self._places[data]

    def words(self, words: Iterable[int]) -> int:
        """The address of these words of 32 bits."""
        return self.put(packed(words))

    def text(self, text: str) -> tuple[int, int]:
        """The address and the length of a text's UTF-8, zeros up to eight bytes behind it."""
        data = text.encode()
        return self.put(data.ljust(KEY_START_SIZE, b"\0")), len(data)

    def value(self, value: Value, behind: bytes = b"") -> int:
        """The address of a value as the runtime would have read it, then the bytes `behind`."""
        for text in _texts(value):  # put now: they must not come between the value's members
            self.text(text)
        return self._append(self._value(value, self.end) + behind)

    def _append(self, data: bytes) -> int:
        address = self.end
        self._bytes.extend(bytes(address - self._start - len(self._bytes)))
        self._bytes += data
        return address

    def _value(self, value: Value, at: int) -> bytes:
        """A value that is no member of an object: what it is, then its members."""
        return self._with_members(value, b"", at)

    def _member(self, key: str, value: Value, at: int) -> bytes:
        """A member of an object: its key stands behind what it is."""
        start = key.encode()[:KEY_START_SIZE]
        named = _KEY.pack(*self.text(key), start.ljust(KEY_START_SIZE, b"\0"))
        return self._with_members(value, named, at)

    def _with_members(self, value: Value, key: bytes, at: int) -> bytes:
        first = place = at + VALUE_SIZE + len(key)
        parts: list[bytes] = []
        if isinstance(value, dict):
            for name, item in value.items():
                parts.append(self._member(name, item, place))
                place += len(parts[-1])
        elif isinstance(value, list):
            for item in value:
                parts.append(self._value(item, place))
                place += len(parts[-1])
        return self._head(value, first, place) + key + b"".join(parts)

    def _head(self, value: Value, first: int, behind: int) -> bytes:
        kind, content, magnitude, flags = NULL_KIND, 0, 0, 0
        if isinstance(value, bool):
            kind = TRUE_KIND if value else FALSE_KIND
        elif isinstance(value, int | float):
            number = decimal_of(value)
            kind, content, magnitude = NUMBER_KIND, number.weight, number.magnitude
            flags = NEGATIVE if number.negative else 0
        elif isinstance(value, str):
            address, length = self.text(value)
            kind, content = STRING_KIND, address | length << 32
        elif isinstance(value, dict | list):
            kind = OBJECT_KIND if isinstance(value, dict) else LIST_KIND
            content = len(value) | first << 32
        return _VALUE.pack(kind, behind, content, magnitude, flags, 0, 0)


def packed(words: Iterable[int]) -> bytes:
    row = tuple(words)
    return struct.pack(f"<{len(row)}I", *row)


def _texts(value: Value) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item)
