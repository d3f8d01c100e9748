"""A search by an automaton as `compiler.regex.run` encodes it. Must not know patterns."""

from compiler.wasm.runtime.machine import i32, load8, load16

HEADER = 6
CLASSES = 256
FIRST_LIVE = 2
"""Of the states, the first that reading on can change."""


def search(automaton: i32, at: i32, size: i32) -> i32:
    """Whether the text contains a match."""
    width = load16(automaton + 2)
    state = load16(automaton + 4)
    classes = automaton + HEADER
    ends = classes + CLASSES
    rows = ends + load16(automaton)
    end = at + size
    while state >= FIRST_LIVE and at < end:
        state = load16(rows + (state * width + load8(classes + load8(at))) * 2)
        at += 1
    return load8(ends + state)
