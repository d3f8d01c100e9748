"""The WebAssembly binary format: functions, memory, globals, exports and data as one module.

Must not know policies or where functions come from. Written after the core specification, version
1.0 (https://webassembly.github.io/spec/core/binary/).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import groupby

PREAMBLE = b"\0asm\x01\0\0\0"
PAGE = 65_536
MOST_PAGES = 32_768
"""2 GiB: past them an address of 32 bits is a negative number."""


class Type(IntEnum):
    """Number types, as the format numbers them."""

    I32 = 0x7F
    I64 = 0x7E


class Section(IntEnum):
    CUSTOM = 0
    TYPE = 1
    FUNCTION = 3
    MEMORY = 5
    GLOBAL = 6
    EXPORT = 7
    CODE = 10
    DATA = 11


class Kind(IntEnum):
    """What an export is."""

    FUNCTION = 0
    MEMORY = 2
    GLOBAL = 3


FUNCTION_TYPE, CONST, END = 0x60, {Type.I32: 0x41, Type.I64: 0x42}, 0x0B


@dataclass(frozen=True, slots=True)
class Function:
    """A function. `locals` are those past the parameters; `body` is without its final end."""

    name: str
    parameters: tuple[Type, ...]
    result: Type | None
    locals: tuple[Type, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Global:
    """A variable of the functions, with its first value."""

    name: str
    type: Type
    value: int


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes that stand in memory from the start."""

    address: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Module:
    """A module with one memory and no imports."""

    functions: Sequence[Function]
    globals: Sequence[Global]
    exports: Sequence[str]
    """Names of functions. The memory is always exported, as `memory`."""
    constants: Mapping[str, int]
    """Numbers that are exported beside them."""
    pages: int
    """The memory's first size, in pages of 64 KiB. It may grow to MOST_PAGES."""
    segments: Sequence[Segment] = ()
    customs: Sequence[tuple[str, bytes]] = ()
    """Custom sections: name and bytes."""


def encode(module: Module) -> bytes:
    """The module's bytes; equal modules give equal bytes."""
    signatures = [(f.parameters, f.result) for f in module.functions]
    types = list(dict.fromkeys(signatures))
    variables = (_global(one.type, one.value, mutable=True) for one in module.globals)
    constants = (_global(Type.I32, one, mutable=False) for one in module.constants.values())
    sections = [
        (Section.TYPE, vector(_function_type(*signature) for signature in types)),
        (Section.FUNCTION, vector(unsigned(types.index(one)) for one in signatures)),
        (Section.MEMORY, vector([b"\1" + unsigned(module.pages) + unsigned(MOST_PAGES)])),
        (Section.GLOBAL, vector([*variables, *constants])),
        (Section.EXPORT, vector(_exports(module))),
        (Section.CODE, vector(map(_code, module.functions))),
        (Section.DATA, vector(map(_segment, module.segments))),
        *((Section.CUSTOM, _text(name) + data) for name, data in module.customs),
    ]
    return PREAMBLE + b"".join(bytes([number]) + _sized(body) for number, body in sections)


def unsigned(number: int) -> bytes:
    """Unsigned LEB128."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def signed(number: int) -> bytes:
    """Signed LEB128."""
    encoded = bytearray()
    while not -0x40 <= number < 0x40:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number & 0x7F)
    return bytes(encoded)


def constant(type: Type, number: int) -> bytes:
    """The instruction that pushes a number, given as signed or as unsigned."""
    bits = 32 if type is Type.I32 else 64
    wrapped = (number + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)
    return bytes([CONST[type]]) + signed(wrapped)


def vector(items: Iterable[bytes]) -> bytes:
    """Items behind their count."""
    parts = list(items)
    return unsigned(len(parts)) + b"".join(parts)


def _sized(body: bytes) -> bytes:
    return unsigned(len(body)) + body


def _text(text: str) -> bytes:
    return _sized(text.encode())


def _function_type(parameters: Sequence[Type], result: Type | None) -> bytes:
    results = () if result is None else (result,)
    return bytes([FUNCTION_TYPE]) + _sized(bytes(parameters)) + _sized(bytes(results))


def _global(type: Type, value: int, *, mutable: bool) -> bytes:
    return bytes([type, mutable]) + constant(type, value) + bytes([END])


def _exports(module: Module) -> Iterable[bytes]:
    yield _text("memory") + bytes([Kind.MEMORY, 0])
    for index, name in enumerate(module.constants, len(module.globals)):
        yield _text(name) + bytes([Kind.GLOBAL]) + unsigned(index)
    places = {function.name: index for index, function in enumerate(module.functions)}
    for name in module.exports:
        yield _text(name) + bytes([Kind.FUNCTION]) + unsigned(places[name])


def _code(function: Function) -> bytes:
    runs = groupby(function.locals)
    declared = vector(unsigned(len([*run])) + bytes([type]) for type, run in runs)
    return _sized(declared + function.body + bytes([END]))


def _segment(segment: Segment) -> bytes:
    place = constant(Type.I32, segment.address) + bytes([END])
    return unsigned(0) + place + _sized(segment.data)
