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

MOST_PAGES = 2_048
"""128 MiB: room for any call that the gateway reads."""

_CALL = ctypes.PyDLL(ffi.dll._name).wasmtime_func_call_unchecked
_CALL.restype = ctypes.c_void_p
"""Store context, function, arguments and results, how many, where a trap goes: null or an error.

`Func.__call__` checks and converts for 20 us a call, many times what the decision takes.
"""

_OUTPUT = struct.Struct("<7I4x")
_CHARGE = struct.Struct("<IxxxxQ")
_PAIR = struct.Struct("<II")

RAW_WORDS = 4
"""Words of 32 bits in one raw value: the i32 is the first."""
CHARGES, HOLDS, VALUES = 4, 5, 6
"""Words of the output."""


class ModuleError(Exception):
    """The module cannot be run, or stopped while it was."""


class Answer(NamedTuple):
    """What a module wrote about one call: which entry serves it, which of its rules decided."""

    reason: int
    which: int
    detail: int
    entry: int
    charges: list[tuple[int, int]]
    """Which limit of the entry, and the cost in micro-units."""
    holds: list[tuple[int, int]]
    """Which `approve_if` rule of the entry, and which of its conditions is a mismatch, from 1, or
    0."""
    per: list[bytes]
    """JSON texts of all charges' `per` values, one after the other; empty where one is missing."""

    @classmethod
    def of(cls, written: bytes) -> "Answer":
        """From what `PolicyModule.ask` returns."""
        reason, which, detail, entry, charges, holds, values = _OUTPUT.unpack_from(written)
        charges_end = _OUTPUT.size + charges * _CHARGE.size
        holds_end = charges_end + holds * _PAIR.size
        text = holds_end + 4 * values
        per = []
        for length in memoryview(written)[holds_end:text].cast("I"):
            per.append(written[text : text + length])
            text += length
        return cls(
            reason,
            which,
            detail,
            entry,
            charges=[*_CHARGE.iter_unpack(written[_OUTPUT.size : charges_end])],
            holds=[*_PAIR.iter_unpack(written[charges_end:holds_end])],
            per=per,
        )


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
        self._values = _global(exports, self._store, "values")
        self._holds = _global(exports, self._store, "holds")
        if _global(exports, self._store, "charges") != self._output + _OUTPUT.size:
            raise ModuleError("the module's charges are elsewhere than behind its output")
        memory, decide = exports["memory"], exports["decide"]
        assert isinstance(memory, wasmtime.Memory) and isinstance(decide, wasmtime.Func)
        self._memory = memory
        self._map()
        raw = (ctypes.c_uint32 * (3 * RAW_WORDS))()
        self._raw = memoryview(raw).cast("B").cast("i")
        trap = ctypes.c_void_p()
        self._trap = memoryview(trap).cast("B").cast("P")
        # Kept, since the addresses below point into them.
        self._kept = (instance, decide, raw, trap)
        self._arguments = (
            ctypes.cast(self._store._context(), ctypes.c_void_p),
            ctypes.c_void_p(ctypes.addressof(decide._func)),
            ctypes.c_void_p(ctypes.addressof(raw)),
            ctypes.c_size_t(3),
            ctypes.c_void_p(ctypes.addressof(trap)),
        )
        self._lock = threading.Lock()

    def ask(self, tool: bytes, arguments: bytes, context: bytes = b"") -> tuple[int, bytes]:
        """The effect on one call, and what the module wrote about it, which `Answer` reads.

        Takes a tool's name, raw JSON arguments and context. Equal bytes are equal answers. Raises
        `ModuleError` where the module stops, which it never should.
        """
        with self._lock:
            effect = self._decide(tool, arguments, context)
            while effect == abi.TOO_LARGE and self._grow():
                effect = self._decide(tool, arguments, context)
            return effect, self._written()

    def _decide(self, tool: bytes, arguments: bytes, context: bytes) -> int:
        body = tool + arguments + context
        size = len(body)
        if size > self._room:
            return abi.TOO_LARGE
        self._call[:size] = body
        raw = self._raw
        raw[0] = len(tool)
        raw[RAW_WORDS] = len(arguments)
        raw[2 * RAW_WORDS] = len(context)
        if _CALL(*self._arguments) or self._trap[0]:
            raise ModuleError("the policy's module stopped; the call is not decided")
        return raw[0]

    def _written(self) -> bytes:
        words = self._words
        written = self._heads[words[CHARGES]].tobytes()
        holds, values = words[HOLDS], words[VALUES]
        if not (holds or values):
            return written
        pairs = [*_PAIR.iter_unpack(self._read(self._values, values * _PAIR.size))]
        lengths = struct.pack(f"<{values}I", *(length for _, length in pairs))
        texts = starmap(self._read, pairs)
        return b"".join((written, self._read(self._holds, holds * _PAIR.size), lengths, *texts))

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
        memory = memoryview(self._memory.get_buffer_ptr(self._store)).cast("B")
        charges = self._output + _OUTPUT.size
        self._bytes = memory
        self._call = memory[self._input :]
        self._room = len(self._call)
        self._words = memory[self._output : charges].cast("I")
        self._heads = [
            memory[self._output : charges + count * _CHARGE.size]
            for count in range(abi.MOST_CHARGES + 1)
        ]


def _global(exports: Any, store: wasmtime.Store, name: str) -> int:
    """The value of an exported number. Raises `ModuleError` where there is none."""
    found = exports.get(name) if name in exports else None
    if not isinstance(found, wasmtime.Global):
        raise ModuleError(f"the module does not export `{name}`; it is not a policy's")
    return int(found.value(store))
