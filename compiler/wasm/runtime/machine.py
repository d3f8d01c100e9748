"""What the WebAssembly machine offers beyond Python's own operators: each is one instruction.

The bodies are never run; they say what the instruction does. Must not know the runtime.
"""

from collections.abc import Callable
from typing import TypeAlias, TypeVar

i32: TypeAlias = int
"""32 bits, signed; also an address, and 0 or 1 for a truth."""
u64: TypeAlias = int
"""64 bits, unsigned."""


Runtime = TypeVar("Runtime", bound=Callable[..., int])


class NotPython(Exception):
    """The runtime was run as Python."""


def inline(function: Runtime) -> Runtime:
    """Writes the function's expression wherever it is called: engines leave calls as they are."""
    return function


def load8(address: i32) -> i32:
    """One byte."""
    raise NotPython


def load16(address: i32) -> i32:
    raise NotPython


def load32(address: i32) -> i32:
    raise NotPython


def load64(address: i32) -> u64:
    raise NotPython


def store8(address: i32, value: i32) -> None:
    raise NotPython


def store32(address: i32, value: i32) -> None:
    raise NotPython


def store64(address: i32, value: u64) -> None:
    raise NotPython


def wide(number: i32) -> u64:
    """The same 32 bits, zeros above them."""
    raise NotPython


def narrow(number: u64) -> i32:
    """The lower 32 bits."""
    raise NotPython


def leading_zeros(number: u64) -> u64:
    raise NotPython


def trailing_zeros(number: u64) -> u64:
    raise NotPython


def pages() -> i32:
    """The memory's size in pages of 64 KiB."""
    raise NotPython
