"""The program as a WebAssembly module: the fixed runtime, the policy's rows as its data.

Must not know policies, sources or hosts. Rows keep the numbers they have in the program, so that
what the module answers can be named by the program, by the decision table or by the module's own
section `holdpoint` (see `sourcemap`).
"""

import json
import struct
from collections.abc import Iterable
from functools import cache

from compiler.globs import STAR
from compiler.ir import ConditionRow, EntryRow, HoldRow, LimitRow, Program, RuleRow
from compiler.policy import Every, Operator, Path, Root, Step
from compiler.wasm import abi
from compiler.wasm.data import Data, packed
from compiler.wasm.encode import PAGE, Module, Segment, encode
from compiler.wasm.runtime import (
    automaton,
    comparison,
    conditions,
    decision,
    facts,
    numbers,
    reader,
    strings,
    tools,
)
from compiler.wasm.sourcemap import SECTION, source_map
from compiler.wasm.translate import Translation, translate

RUNTIME = (
    numbers, strings, comparison, reader, facts, automaton, conditions, tools, decision
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

LENGTHS = (Operator.LENGTH_LTE, Operator.LENGTH_GTE)
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
        customs=((SECTION, source_map(program)),),
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
        self._rules = [self._rule(index, row) for index, row in enumerate(program.rules)]
        self._holds = [self._rule(index, row) for index, row in enumerate(program.holds)]
        self._limits = [self._limit(index, row) for index, row in enumerate(program.limits)]
        rows = (*program.entries, *((program.unlisted,) if program.unlisted else ()))
        entries = [self._entry(index, row) for index, row in enumerate(rows)]
        slots = self._slots(entries)
        self.reads_context = int(any(path.root is not Root.ARGS for path in program.paths))
        header = {
            abi.UNLISTED: entries[-1] if program.unlisted else 0,
            abi.HIDES_ALL: int(program.hide == ("*",)),
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

    def _rule(self, number: int, row: RuleRow | HoldRow) -> int:
        approvers = len(row.approvers) if isinstance(row, HoldRow) else 0
        conditions = [self._conditions[index] for index in row.conditions]
        return self._data.words((number, approvers, len(conditions), *conditions))

    def _limit(self, number: int, row: LimitRow) -> int:
        cost = 0 if row.increment_from is None else self._paths[row.increment_from]
        per = [self._paths[index] for index in row.per]
        return self._data.words((number, cost, len(per), *per))

    def _entry(self, number: int, row: EntryRow) -> int:
        lists = (
            [self._rules[index] for index in row.require],
            [self._rules[index] for index in row.deny_if],
            [self._holds[index] for index in row.approve_if],
            [self._limits[index] for index in row.limits],
        )
        members = (address for addresses in lists for address in addresses)
        return self._data.words((number, self._questions(row), *map(len, lists), *members))

    def _questions(self, row: EntryRow) -> int:
        """How many conditions an entry has."""
        rules: list[RuleRow | HoldRow] = [
            *(self._program.rules[index] for index in (*row.require, *row.deny_if)),
            *(self._program.holds[index] for index in row.approve_if),
        ]
        return sum(len(rule.conditions) for rule in rules)

    def _slots(self, entries: list[int]) -> list[tuple[int, int, int, int]]:
        """A hash table of the exact names, at most half full; a hidden name hides its entry."""
        program = self._program
        exact = zip(program.entries[: program.globs_from], entries, strict=False)
        serving = {row.name: entry for row, entry in exact}
        serving |= dict.fromkeys(program.hide, abi.HIDDEN_ENTRY)
        size = 2
        while size < 2 * len(serving) + 1:
            size *= 2
        slots = [(0, 0, 0, 0)] * size
        for name, entry in serving.items():
            number = _hash(name.encode())
            place = number % size
            while slots[place][3]:
                place = (place + 1) % size
            slots[place] = (number, *self._data.text(name), entry)
        return slots

    def _globs(self, entries: list[int]) -> int:
        words: list[int] = []
        first = self._program.globs_from
        for row, entry in zip(self._program.entries[first:], entries[first:], strict=False):
            parts = row.name.split(STAR)
            words += (entry, len(parts))
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
