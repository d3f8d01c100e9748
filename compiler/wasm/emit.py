"""The program as a WebAssembly module: the fixed runtime, the policy's rows as its data.

Must not know policies, sources or hosts. What the module answers is named by an entry's number and
a place in one of its lists, as in the program, the decision table and the module's own section
`holdpoint` (see `sections`). So rules, limits and entries that ask the same stand in memory once.
"""

import json
import struct
from collections.abc import Iterable
from functools import cache

from compiler.globs import STAR
from compiler.ir import ConditionRow, EntryRow, Program
from compiler.policy import LENGTHS, Every, Operator, Path, Root, Step
from compiler.wasm import abi
from compiler.wasm.data import Data, packed
from compiler.wasm.encode import PAGE, Module, Segment, encode
from compiler.wasm.runtime import (
    automaton,
    comparison,
    conditions,
    decision,
    doubles,
    facts,
    keys,
    numbers,
    operators,
    reader,
    strings,
    texts,
    tools,
    words,
)
from compiler.wasm.sections import named
from compiler.wasm.translate import Translation, translate

RUNTIME = (
    doubles, numbers, strings, texts, comparison, keys, words, reader,
    facts, automaton, operators, conditions, tools, decision,
)  # fmt: skip
ROOM = 20 * PAGE
"""The memory for calls, before a host grows it."""

OPERATORS = {
    Operator.EXISTS: (abi.EXISTS, 0),
    Operator.EQ: (abi.EQ, 0),
    Operator.NEQ: (abi.EQ, 1),
    Operator.IN: (abi.IN, 0),
    Operator.NOT_IN: (abi.IN, 1),
    Operator.LT: (abi.LT, 0),
    Operator.LTE: (abi.LTE, 0),
    Operator.GT: (abi.GT, 0),
    Operator.GTE: (abi.GTE, 0),
    Operator.CONTAINS: (abi.CONTAINS, 0),
    Operator.NOT_CONTAINS: (abi.CONTAINS, 1),
    Operator.REGEX: (abi.PATTERN, 0),
    Operator.NOT_REGEX: (abi.PATTERN, 1),
    Operator.STARTS_WITH: (abi.STARTS_WITH, 0),
    Operator.ENDS_WITH: (abi.ENDS_WITH, 0),
    Operator.LENGTH_LTE: (abi.LENGTH_LTE, 0),
    Operator.LENGTH_GTE: (abi.LENGTH_GTE, 0),
}
"""The runtime's operator, and whether its answer is turned round."""

ROOTS = {Root.ARGS: abi.ARGUMENTS_ROOT, Root.GRANT: abi.GRANT_ROOT}
TIMES = {"hour": abi.HOUR_ROOT, "weekday": abi.WEEKDAY_ROOT}

LONGEST = 2**31 - 1
"""No length in a memory of 32 bits is more."""


def emit(program: Program) -> bytes:
    """The module of a program; equal programs give equal bytes."""
    runtime = _runtime()
    policy = _Layout(program)
    segments = (Segment(abi.POWERS, _powers()), Segment(abi.POLICY, policy.image()))
    constants = {
        "abi_version": abi.ABI_VERSION,
        "input": policy.input,
        "output": abi.OUTPUT,
        "charges": abi.CHARGE_ARRAY,
        "values": policy.values,
        "holds": policy.holds,
        "answers": policy.answers,
        "reads_context": policy.reads_context,
    }
    module = Module(
        functions=runtime.functions,
        globals=runtime.globals,
        exports=("decide",),
        constants=constants,
        pages=(policy.input + ROOM + PAGE - 1) // PAGE,
        segments=segments,
        customs=named(program),
    )
    return encode(module)


@cache
def _runtime() -> Translation:
    return translate(RUNTIME)


def _powers() -> bytes:
    return b"".join(struct.pack("<Q", 10**power) for power in range(20))


class _Layout:
    """Where each row of one program stands in memory."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._data = Data(abi.HEADER_END)
        self._literals: dict[tuple[int, bool], int] = {}
        self._paths = list(map(self._path, program.paths))
        self._conditions = list(map(self._condition, program.conditions))
        rule, limit = cache(self._rule), cache(self._limit)
        self._rules = [rule(row.conditions, ()) for row in program.rules]
        self._holds = [rule(row.conditions, row.approvers) for row in program.holds]
        self._limits = [limit(row.increment_from, row.per) for row in program.limits]
        rows = (*program.entries, *((program.unlisted,) if program.unlisted else ()))
        entries = list(map(self._entry, rows))
        slots = self._slots(entries)
        self.reads_context = int(any(path.root is not Root.ARGS for path in program.paths))
        header = {
            abi.UNLISTED: entries[-1] if program.unlisted else 0,
            abi.UNLISTED_NUMBER: len(program.entries),
            abi.HIDES_ALL: abi.HIDDEN_ENTRY if program.hide == ("*",) else 0,
            abi.SLOTS: self._data.words(word for slot in slots for word in slot),
            abi.SLOT_MASK: len(slots) - 1,
            abi.GLOBS: self._globs(entries),
            abi.GLOB_COUNT: len(program.entries) - program.globs_from,
            abi.READS_CONTEXT: self.reads_context,
            abi.GRANT_KEY: self._data.text("grant")[0],
            abi.TIME_KEY: self._data.text("time")[0],
        }
        per_row = ((len(program.limits[index].per) for index in row.limits) for row in rows)
        self.holds = header[abi.HOLD_ARRAY] = self._data.end
        self.values = self.holds + 8 * _most(len(row.approve_if) for row in rows)
        self.answers = self.values + 8 * _most(map(sum, per_row))
        self.input = self.answers + (_most(map(self._questions, rows)) + 15 & -8)
        header[abi.SPAN_ARRAY] = self.values
        header[abi.ANSWER_ARRAY] = self.answers
        header[abi.INPUT] = self.input
        words = packed(header[address] for address in sorted(header))
        self._header = words.ljust(abi.HEADER_END - abi.POLICY, b"\0")

    def image(self) -> bytes:
        """The bytes from POLICY on."""
        return self._header + bytes(self._data)

    def _path(self, path: Path) -> int:
        root, steps = ROOTS.get(path.root), path.steps
        if root is None:
            root, steps = TIMES[str(steps[0])], steps[1:]
        words = [root, len(steps)]
        for step in steps:
            words += self._step(step)
        return self._data.words(words)

    def _step(self, step: Step) -> tuple[int, int, int]:
        if isinstance(step, str):
            return abi.KEY_STEP, *self._data.text(step)
        if isinstance(step, Every):
            return abi.EVERY_STEP, 0, 0
        return abi.INDEX_STEP, step, 0

    def _condition(self, row: ConditionRow) -> int:
        operator, negated = OPERATORS[row.operator]
        literal = self._literal(row.value, row.operator in LENGTHS)
        automaton = 0
        if row.automaton is not None:
            automaton = self._data.put(self._program.automata[row.automaton])
        return self._data.words((operator, negated, self._paths[row.path], literal, automaton))

    def _literal(self, index: int, is_length: bool) -> int:
        """The address of a value; behind a length its bound stands as one word."""
        key = (index, is_length)
        if key not in self._literals:
            value = json.loads(self._program.values[index])
            behind = packed([min(value, LONGEST)]) if is_length else b""
            self._literals[key] = self._data.value(value, behind)
        return self._literals[key]

    def _rule(self, conditions: tuple[int, ...], approvers: tuple[str, ...]) -> int:
        asked = [self._conditions[index] for index in conditions]
        return self._data.words((len(approvers), len(asked), *asked))

    def _limit(self, increment_from: int | None, per: tuple[int, ...]) -> int:
        cost = 0 if increment_from is None else self._paths[increment_from]
        return self._data.words((cost, len(per), *(self._paths[index] for index in per)))

    def _entry(self, row: EntryRow) -> int:
        lists = (
            [self._rules[index] for index in row.require],
            [self._rules[index] for index in row.deny_if],
            [self._holds[index] for index in row.approve_if],
            [self._limits[index] for index in row.limits],
        )
        members = (address for addresses in lists for address in addresses)
        return self._data.words((self._questions(row), *map(len, lists), *members))

    def _questions(self, row: EntryRow) -> int:
        """How many conditions an entry has."""
        rules, holds = self._program.rules, self._program.holds
        asked = sum(len(rules[index].conditions) for index in (*row.require, *row.deny_if))
        return asked + sum(len(holds[index].conditions) for index in row.approve_if)

    def _slots(self, entries: list[int]) -> list[tuple[int, ...]]:
        """A hash table of the exact names, at most half full; a hidden name hides its entry."""
        program = self._program
        exact = enumerate(program.entries[: program.globs_from])
        serving = {row.name: (entries[number], number) for number, row in exact}
        serving |= dict.fromkeys(program.hide, (abi.HIDDEN_ENTRY, 0))
        size = 2
        while size < 2 * len(serving) + 1:
            size *= 2
        slots: list[tuple[int, ...]] = [(0, 0, 0, 0, 0)] * size
        for name, served in serving.items():
            hashed = _hash(name.encode())
            place = hashed % size
            while slots[place][3]:
                place = (place + 1) % size
            slots[place] = (hashed, *self._data.text(name), *served)
        return slots

    def _globs(self, entries: list[int]) -> int:
        words: list[int] = []
        first = self._program.globs_from
        for number, row in enumerate(self._program.entries[first:], first):
            parts = row.name.split(STAR)
            words += (entries[number], number, len(parts))
            for part in parts:
                words += self._data.text(part)
        return self._data.words(words)


def _most(counts: Iterable[int]) -> int:
    return max(counts, default=0)


def _hash(data: bytes) -> int:
    """FNV-1a, as the runtime's `hash_of`."""
    found = tools.HASH_START
    for byte in data:
        found = (found ^ byte) * tools.HASH_FACTOR & 0xFFFFFFFF
    return found
