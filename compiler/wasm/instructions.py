"""WebAssembly's instructions, as far as the runtime's Python needs them.

Must not know Python functions or how a module is put together. Written after the core
specification, 5.4 (https://webassembly.github.io/spec/core/binary/instructions.html).
"""

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass

from compiler.wasm.encode import Type, unsigned

BLOCK, LOOP, IF, ELSE, END = 0x02, 0x03, 0x04, 0x05, 0x0B
BRANCH, BRANCH_IF, RETURN, CALL, DROP, UNREACHABLE = 0x0C, 0x0D, 0x0F, 0x10, 0x1A, 0x00
LOCAL_GET, LOCAL_SET, LOCAL_TEE, GLOBAL_GET, GLOBAL_SET = range(0x20, 0x25)
EMPTY = 0x40
"""The type of a block that leaves nothing."""
IS_ZERO = {Type.I32: 0x45, Type.I64: 0x50}
LESS_UNSIGNED = 0x49

ARITHMETIC: dict[type[ast.operator], dict[Type, int]] = {
    ast.Add: {Type.I32: 0x6A, Type.I64: 0x7C},
    ast.Sub: {Type.I32: 0x6B, Type.I64: 0x7D},
    ast.Mult: {Type.I32: 0x6C, Type.I64: 0x7E},
    ast.FloorDiv: {Type.I32: 0x6D, Type.I64: 0x80},
    ast.Mod: {Type.I32: 0x6F, Type.I64: 0x82},
    ast.BitAnd: {Type.I32: 0x71, Type.I64: 0x83},
    ast.BitOr: {Type.I32: 0x72, Type.I64: 0x84},
    ast.BitXor: {Type.I32: 0x73, Type.I64: 0x85},
    ast.LShift: {Type.I32: 0x74, Type.I64: 0x86},
    ast.RShift: {Type.I32: 0x75, Type.I64: 0x88},
}
COMPARISONS: dict[type[ast.cmpop], dict[Type, int]] = {
    ast.Eq: {Type.I32: 0x46, Type.I64: 0x51},
    ast.NotEq: {Type.I32: 0x47, Type.I64: 0x52},
    ast.Lt: {Type.I32: 0x48, Type.I64: 0x54},
    ast.Gt: {Type.I32: 0x4A, Type.I64: 0x56},
    ast.LtE: {Type.I32: 0x4C, Type.I64: 0x58},
    ast.GtE: {Type.I32: 0x4E, Type.I64: 0x5A},
}
OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
}
FOLDED: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}
"""What is calculated now where both sides are known."""


def set_local(index: int) -> bytes:
    return bytes([LOCAL_SET]) + unsigned(index)


def then(code: bytes, set_last: int | None, following: bytes) -> bytes:
    """Code and what follows it: a local that was set last and is read first stays on the stack."""
    if set_last is not None:
        read, kept = (bytes([one]) + unsigned(set_last) for one in (LOCAL_GET, LOCAL_TEE))
        if following.startswith(read):
            size = len(read)
            return code[:-size] + kept + following[size:]
    return code + following


@dataclass(frozen=True, slots=True)
class Signature:
    parameters: tuple[Type, ...]
    result: Type | None


@dataclass(frozen=True, slots=True)
class Intrinsic:
    """A function of `runtime.machine`: one instruction."""

    signature: Signature
    code: bytes
    has_address: bool = False
    """Whether an offset from its first argument is part of the instruction."""

    def at(self, offset: int) -> bytes:
        """The instruction; one with an address names its alignment, none, and the offset."""
        return self.code + (b"\0" + unsigned(offset) if self.has_address else b"")


def _load(code: int, result: Type) -> Intrinsic:
    return Intrinsic(Signature((Type.I32,), result), bytes([code]), has_address=True)


def _store(code: int, value: Type) -> Intrinsic:
    return Intrinsic(Signature((Type.I32, value), None), bytes([code]), has_address=True)


def _plain(code: bytes, parameter: Type, result: Type) -> Intrinsic:
    return Intrinsic(Signature((parameter,), result), code)


INTRINSICS: dict[str, Intrinsic] = {
    "load8": _load(0x2D, Type.I32),
    "load16": _load(0x2F, Type.I32),
    "load32": _load(0x28, Type.I32),
    "load64": _load(0x29, Type.I64),
    "store8": _store(0x3A, Type.I32),
    "store32": _store(0x36, Type.I32),
    "store64": _store(0x37, Type.I64),
    "wide": _plain(b"\xad", Type.I32, Type.I64),
    "narrow": _plain(b"\xa7", Type.I64, Type.I32),
    "leading_zeros": _plain(b"\x79", Type.I64, Type.I64),
    "trailing_zeros": _plain(b"\x7a", Type.I64, Type.I64),
    "pages": Intrinsic(Signature((), Type.I32), b"\x3f\0"),
}
