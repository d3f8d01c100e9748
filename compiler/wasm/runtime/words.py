"""The three words of JSON. Must not know strings or numbers."""

from compiler.wasm.abi import FALSE_KIND, KIND, NULL_KIND, TRUE_KIND
from compiler.wasm.runtime.machine import i32, load8, load32, store32


def word_value(node: i32, at: i32) -> i32:
    """Reads `true`, `false` or `null` to a node; the address behind it, or 0."""
    first = load32(at)
    store32(node + KIND, TRUE_KIND)
    if first == 0x65757274:
        return at + 4
    store32(node + KIND, NULL_KIND)
    if first == 0x6C6C756E:
        return at + 4
    store32(node + KIND, FALSE_KIND)
    return at + 5 if load8(at) == 102 and load32(at + 1) == 0x65736C61 else 0
