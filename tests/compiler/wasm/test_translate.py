"""The runtime's Python: what it means is what WebAssembly runs, and the rest is refused."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import wasmtime

from compiler.wasm.encode import Module, encode
from compiler.wasm.translate import translate

HEAD = """
from compiler.wasm.runtime.machine import *
LOW = -3
HIGH = 5 * 2 + 1
total: i32 = 7
"""


def module_of(source: str, folder: Path) -> ModuleType:
    file = folder / "source.py"
    file.write_text(HEAD + source)
    spec = importlib.util.spec_from_file_location("source", file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(source: str, folder: Path, *arguments: int) -> int:
    """What the function `f` of the source returns in WebAssembly."""
    made = translate([module_of(source, folder)])
    store = wasmtime.Store(wasmtime.Engine())
    module = wasmtime.Module(
        store.engine, encode(Module(made.functions, made.globals, ["f"], {}, 1))
    )
    function = wasmtime.Instance(store, module, []).exports(store)["f"]
    assert isinstance(function, wasmtime.Func)
    result = function(store, *arguments)
    assert isinstance(result, int)
    return result


PROGRAMS = [
    ("def f(x: i32) -> i32:\n    return x * x - 1", (7,), 48),
    ("def f(x: i32) -> i32:\n    return -x", (7,), -7),
    ("def f(x: i32) -> i32:\n    return x >> 1", (-7,), -4),
    ("def f(x: i32) -> i32:\n    return LOW <= x <= HIGH", (-3,), 1),
    ("def f(x: i32) -> i32:\n    return LOW <= x <= HIGH", (12,), 0),
    ("def f(x: i32) -> i32:\n    return x and 1 // x", (0,), 0),
    ("def f(x: i32) -> i32:\n    return not (x == 1 or x == 2)", (2,), 0),
    ("def f(x: i32) -> i32:\n    y = 4 if x else 5\n    return y", (0,), 5),
    ("def f(x: i32) -> i32:\n    return narrow(wide(x) // 2 >> 30)", (-1,), 1),
    ("def f(x: i32) -> i32:\n    y: u64 = 1\n    return 0 - 1 > x or y - 2 > y", (5,), 1),
    ("def f(x: i32) -> i32:\n    store32(8, x)\n    return load8(9)", (0x1234,), 0x12),
    ("def f(x: i32) -> i32:\n    global total\n    total += x\n    return total", (3,), 10),
    ("def f(x: i32) -> i32:\n    n = 0\n    while True:\n        n += 1\n        if n == 3:\n"
     "            continue\n        if n > x:\n            break\n    return n", (5,), 6),
    ("def f(x: i32) -> i32:\n    n = 0\n    while n < x:\n        m = 0\n        while m < 9:\n"
     "            if m == n:\n                break\n            m += 1\n        n += m + 1\n"
     "    return n", (20,), 25),
    ("def f(x: i32) -> i32:\n    g(x)\n    return g(x + 1)\n"
     "def g(x: i32) -> i32:\n    return x * 2", (2,), 6),
    ("def f(x: i32) -> i32:\n    y = x + 1\n    return y * y", (4,), 25),
    ("def f(x: i32) -> i32:\n    y = x\n    x = 9\n    return y - x", (4,), -5),
    ("def f(x: i32) -> i32:\n    if x:\n        return 7\n    else:\n        return 8", (0,), 8),
    ("def f(x: i32) -> i32:\n    store32(x + 8, 5)\n    store8(x + 9, 1)\n    return load32(x + 8)",
     (3,), 261),
    ("def f(x: i32) -> i32:\n    store8(22, 3)\n    return load32(x - 4 + HIGH)", (15,), 3),
    *(("def f(x: i32) -> i32:\n    return x > 1 and x < 5 or x == 9", (x,), result)
      for x, result in ((1, 0), (2, 1), (5, 0), (9, 1))),
    *((f"def f(x: i32) -> i32:\n    n = 0\n    while x {sign} 3:\n        x += {step}\n"
       "        n += 1\n    return n", (x,), turns)
      for sign, step, x, turns in (("<", 1, 1, 2), ("<=", 1, 1, 3), (">", -1, 5, 2),
                                   (">=", -1, 5, 3), ("==", 1, 3, 1), ("!=", 1, 1, 2))),
    ("@inline\ndef g(x: i32, y: i32) -> i32:\n    return x * 10 + y\n"
     "def f(x: i32) -> i32:\n    y = 7\n    return g(g(x, x + 1), y) + g(0, x)", (2,), 239),
    ("@inline\ndef g(x: u64) -> i32:\n    return narrow(x >> 32) if x != 0 else total\n"
     "def f(x: i32) -> i32:\n    return g(wide(x) << 33) + g(0)", (5,), 17),
]  # fmt: skip


@pytest.mark.parametrize(("source", "arguments", "result"), PROGRAMS)
def test_a_program_means_what_it_says(
    source: str, arguments: tuple[int, ...], result: int, tmp_path: Path
) -> None:
    assert run(source, tmp_path, *arguments) == result


REFUSED = [
    ("def f(x: i32) -> i32:\n    for i in x:\n        pass", "not a statement"),
    ("def f(x: i32) -> i32:\n    return [x]", "not an expression"),
    ("def f(x: i32) -> i32:\n    return h(x)", "no function `h`"),
    ("def f(x: i32) -> i32:\n    return load8(x, 1)", "takes 1 arguments"),
    ("def f(x: str) -> i32:\n    return 1", "not a type"),
    ("def f(x: i32) -> i32:\n    return wide(x)", "not of type"),
    ("def f(x: i32) -> i32:\n    return x + wide(x)", "not of type"),
    ("def f(x: i32) -> i32:\n    return x < 1 < 2", "must be `low <= x <= high`"),
    ("def f(x: i32) -> i32:\n    return x\ndef f(x: i32) -> i32:\n    return x", "defined twice"),
    ("def f(x: i32) -> i32:\n    return y", "not an expression"),
    ("@inline\ndef g(x: i32) -> i32:\n    x += 1\n    return x", "only what is one expression"),
    (
        "@inline\ndef g(x: i32) -> i32:\n    return y\ndef f(x: i32) -> i32:\n    y = 1\n"
        "    return g(x)",
        "not an expression",
    ),
]


@pytest.mark.parametrize(("source", "reason"), REFUSED)
def test_other_python_is_refused(source: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(SyntaxError, match=reason):
        translate([module_of(source, tmp_path)])
