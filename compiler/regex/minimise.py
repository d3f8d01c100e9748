"""A deterministic automaton -> the smallest one with the same answers, numbered one way only.

Must not know how the automaton was made. Hopcroft's partition refinement ("An n log n algorithm
for minimizing states in a finite automaton", 1971), then a numbering from the start state.
"""

from collections.abc import Sequence

from compiler.regex.run import MATCHED, NEVER, Dfa

Rows = Sequence[Sequence[int]]
"""For each state the next state by byte class. States 0 and 1 are NEVER and MATCHED."""


def minimise(start: int, classes: bytes, ends: Sequence[bool], rows: Rows) -> Dfa:
    """The smallest automaton. `ends` says for each state whether a text that ends there matches."""
    blocks = _equivalent(ends, rows)
    block_of = [0] * len(rows)
    for number, block in enumerate(blocks):
        for state in block:
            block_of[state] = number
    # Any member of a block can speak for it: they agree on `ends` and on the blocks that follow.
    speakers = [min(block) for block in blocks]
    table = [[block_of[after] for after in rows[speaker]] for speaker in speakers]
    columns, merged = _distinct_columns(table)
    order = _order(block_of[start], (block_of[NEVER], block_of[MATCHED]), table, columns)
    number_of = {block: number for number, block in enumerate(order)}
    return Dfa(
        start=number_of[block_of[start]],
        classes=classes.translate(merged),
        ends=bytes(ends[speakers[block]] for block in order),
        rows=tuple(number_of[table[block][column]] for block in order for column in columns),
    )


def _equivalent(ends: Sequence[bool], rows: Rows) -> list[set[int]]:
    """The coarsest partition whose blocks no text can tell apart."""
    sources = _sources(rows)
    parts = ({s for s, end in enumerate(ends) if end == kind} for kind in (False, True))
    blocks = [part for part in parts if part]
    block_of = [0] * len(rows)
    for state in blocks[-1]:
        block_of[state] = len(blocks) - 1
    waiting = set(range(len(blocks)))
    while waiting:
        splitter = tuple(blocks[waiting.pop()])
        for column in sources:
            leading: dict[int, set[int]] = {}
            for state in splitter:
                for source in column[state]:
                    leading.setdefault(block_of[source], set()).add(source)
            for number, part in leading.items():
                block = blocks[number]
                if len(part) == len(block):
                    continue
                smaller, larger = sorted((part, block - part), key=len)
                blocks[number] = larger
                for state in smaller:
                    block_of[state] = len(blocks)
                # Where the old block still waited, both halves do; else the smaller one is enough.
                waiting.add(len(blocks))
                blocks.append(smaller)
    return blocks


def _sources(rows: Rows) -> list[list[list[int]]]:
    """For each class and state, the states that lead to it."""
    sources: list[list[list[int]]] = [[[] for _ in rows] for _ in rows[0]]
    for state, row in enumerate(rows):
        for column, after in enumerate(row):
            sources[column][after].append(state)
    return sources


def _distinct_columns(table: Rows) -> tuple[list[int], bytes]:
    """One column of each kind, and a translation of class numbers to places among those."""
    places: dict[tuple[int, ...], int] = {}
    firsts, merged = [], bytearray(256)
    for column, cells in enumerate(zip(*table, strict=True)):
        if cells not in places:
            places[cells] = len(places)
            firsts.append(column)
        merged[column] = places[cells]
    return firsts, bytes(merged)


def _order(start: int, sinks: tuple[int, int], table: Rows, columns: list[int]) -> list[int]:
    """The sinks, then the blocks in the order a walk from the start meets them, breadth first."""
    order = list(dict.fromkeys((*sinks, start)))
    seen = set(order)
    at = len(sinks)
    while at < len(order):
        for column in columns:
            after = table[order[at]][column]
            if after not in seen:
                seen.add(after)
                order.append(after)
        at += 1
    return order
