"""What every policy's module runs. Never run as Python: `compiler.wasm.translate` turns it into
WebAssembly. Must not know names, messages or hosts.

The part of Python it is written in: functions of `i32` (signed) and `u64` (unsigned) numbers that
wrap around, `if`, `while`, assignments, and the intrinsics of `machine`. All functions, constants
and globals of these modules share one namespace. A function under `inline` is one expression, which
stands wherever it is called. Strings and values are addresses in the memory. The modules, in the
order the data takes: numbers (with doubles), strings, words, keys and reader; texts and comparison;
facts; operators (with automaton) and conditions; tools; decision.
"""
