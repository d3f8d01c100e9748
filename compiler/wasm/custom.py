"""Finds a custom section in a module's bytes (WebAssembly core specification, 5.5.3).

Must not know what any section says.
"""

from collections.abc import Iterator

PREAMBLE = 8
CUSTOM = 0


def custom(module: bytes, name: str) -> bytes | None:
    """What the first custom section of this name holds, or None where there is none.

    The bytes are those of a module: an engine has taken them.
    """
    wanted = name.encode()
    for body in _customs(memoryview(module)):
        size, start = _unsigned(body, 0)
        if body[start : start + size] == wanted:
            return bytes(body[start + size :])
    return None


def _customs(module: memoryview) -> Iterator[memoryview]:
    at = PREAMBLE
    while at < len(module):
        number = module[at]
        size, at = _unsigned(module, at + 1)
        if number == CUSTOM:
            yield module[at : at + size]
        at += size


def _unsigned(data: memoryview, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number, and where it ends."""
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at
