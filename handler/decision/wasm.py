"""A policy's WebAssembly module at work: bytes in, what it writes out. The only user of wasmtime.

Must not know policies or rows. docs/wasm.md says what a module exports.
"""

import ctypes
import struct
import threading
from itertools import starmap
from typing import Any, NamedTuple

import wasmtime
from wasmtime import _ffi as ffi

from compiler.wasm import abi

PAGE = 65_536
MOST_PAGES = 2_048
"""128 MiB: room for any call that the gateway reads."""

_CALL = ctypes.PYFUNCTYPE(
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_void_p,
)(("wasmtime_func_call_unchecked", ctypes.PyDLL(ffi.dll._name)))
"""Store context, function, arguments and results, how many, where a trap goes: null or an error.

`Func.__call__` checks and converts for 20 us a call, fifteen times what the decision takes.
"""

_OUTPUT = struct.Struct("<7I")
_CHARGE = struct.Struct("<IxxxxQ")
_PAIR = struct.Struct("<II")

RAW_WORDS = 4
"""Words of 32 bits in one raw value: the i32 is the first."""


class ModuleError(Exception):
    """The module cannot be run, or stopped while it was."""


class Answer(NamedTuple):
    """What a module answers to one call: which entry serves it, which of its rules decided."""

    effect: int
    reason: int
    which: int
    detail: int
    entry: int
    charges: bytes = b""
    """As `charges_of` reads them: equal bytes are equal charges."""
    per: tuple[bytes, ...] = ()
    """JSON texts of all charges' `per` values, one after the other; empty where one is missing."""
    holds: bytes = b""
    """As `holds_of` reads them."""


def charges_of(answer: Answer) -> list[tuple[int, int]]:
    """Which limit of the entry, and the cost in micro-units, of each charge."""
    return [*_CHARGE.iter_unpack(answer.charges)]


def holds_of(answer: Answer) -> list[tuple[int, int]]:
    """Which `approve_if` rule of the entry each is, and which of its conditions is a mismatch,
    from 1, or 0."""
    return [*_PAIR.iter_unpack(answer.holds)]


class PolicyModule:
    """One module with its own memory. Calls from several threads wait for each other."""

    def __init__(self, module: bytes) -> None:
        """Raises `ModuleError` where the bytes are no module of this interface."""
        try:
            engine = wasmtime.Engine()
            self._store = wasmtime.Store(engine)
            instance = wasmtime.Instance(self._store, wasmtime.Module(engine, module), [])
        except wasmtime.WasmtimeError as error:
            raise ModuleError("the bytes are no WebAssembly module without imports") from error
        exports = instance.exports(self._store)
        version = _global(exports, self._store, "abi_version")
        if version != abi.ABI_VERSION:
            raise ModuleError(
                f"the module has interface version {version} and this program speaks "
                f"{abi.ABI_VERSION}; compile the policy again"
            )
        self.reads_context: bool = _global(exports, self._store, "reads_context") == 1
        self._input = _global(exports, self._store, "input")
        self._output = _global(exports, self._store, "output")
        self._charges = _global(exports, self._store, "charges")
        self._values = _global(exports, self._store, "values")
        self._holds = _global(exports, self._store, "holds")
        memory, decide = exports["memory"], exports["decide"]
        assert isinstance(memory, wasmtime.Memory) and isinstance(decide, wasmtime.Func)
        self._memory = memory
        self._map()
        self._raw = (ctypes.c_uint32 * (3 * RAW_WORDS))()
        self._words = memoryview(self._raw).cast("B").cast("i")
        self._trap = ctypes.c_void_p()
        # Kept, since the addresses below point into them.
        self._kept = (instance, decide)
        self._arguments = (
            ctypes.cast(self._store._context(), ctypes.c_void_p).value,
            ctypes.addressof(decide._func),
            ctypes.addressof(self._raw),
            3,
            ctypes.addressof(self._trap),
        )
        self._lock = threading.Lock()

    def ask(self, tool: bytes, arguments: bytes, context: bytes = b"") -> Answer:
        """The answer to one call: a tool's name, raw JSON arguments and context.

        Raises `ModuleError` where the module stops, which it never should.
        """
        with self._lock:
            effect = self._decide(tool, arguments, context)
            while effect == abi.TOO_LARGE and self._grow():
                effect = self._decide(tool, arguments, context)
            return self._answer(effect)

    def _decide(self, tool: bytes, arguments: bytes, context: bytes) -> int:
        body = tool + arguments + context
        end = self._input + len(body)
        if end > len(self._bytes):
            return abi.TOO_LARGE
        self._bytes[self._input : end] = body
        words = self._words
        words[0] = len(tool)
        words[RAW_WORDS] = len(arguments)
        words[2 * RAW_WORDS] = len(context)
        if _CALL(*self._arguments) or self._trap.value:
            raise ModuleError("the policy's module stopped; the call is not decided")
        return words[0]

    def _answer(self, effect: int) -> Answer:
        words = _OUTPUT.unpack_from(self._bytes, self._output)
        reason, which, detail, entry, charges, holds, values = words
        if not (charges or holds):
            return Answer(effect, reason, which, detail, entry)
        pairs = _PAIR.iter_unpack(self._read(self._values, values * _PAIR.size)) if values else ()
        return Answer(
            effect,
            reason,
            which,
            detail,
            entry,
            self._read(self._charges, charges * _CHARGE.size),
            tuple(starmap(self._read, pairs)),
            self._read(self._holds, holds * _PAIR.size),
        )

    def _read(self, start: int, length: int) -> bytes:
        return bytes(self._bytes[start : start + length])

    def _grow(self) -> bool:
        """Whether the memory could be made twice as large."""
        pages = self._memory.size(self._store)
        if 2 * pages > MOST_PAGES:
            return False
        try:
            self._memory.grow(self._store, pages)
        except wasmtime.WasmtimeError:
            return False
        self._map()
        return True

    def _map(self) -> None:
        """Views the memory where it stands now."""
        buffer = self._memory.get_buffer_ptr(self._store)
        self._bytes = memoryview(buffer).cast("B")


def _global(exports: Any, store: wasmtime.Store, name: str) -> int:
    """The value of an exported number. Raises `ModuleError` where there is none."""
    found = exports.get(name) if name in exports else None
    if not isinstance(found, wasmtime.Global):
        raise ModuleError(f"the module does not export `{name}`; it is not a policy's")
    return int(found.value(store))
