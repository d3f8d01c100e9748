"""A decision table, read row by row.

Must not know policies, calls or artifacts. Opening decodes nothing: a row is decoded when it is
asked for, so a table of 31,000 tools opens like a table of one.
"""

import struct
from bisect import bisect_left
from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

from compiler import names
from compiler.globs import matches
from compiler.ir import ConditionRow, EntryRow, HoldRow, LimitRow, Program, RuleRow
from compiler.policy import Every, Path, Step
from compiler.table.layout import (
    EVERY,
    KEY,
    OPERATORS,
    ROOTS,
    SCOPES,
    WORD,
    Section,
    Sections,
    TableError,
    Words,
)
from compiler.verdict import Place, Window

Row = TypeVar("Row")


def decode(data: bytes) -> Program:
    """The program of a table, every row read. Raises `TableError`."""
    table = Table(data)
    try:
        return table.program()
    except (IndexError, ValueError, struct.error) as error:
        raise TableError(f"the decision table is damaged: {error}") from error


class Table:
    """An opened table. Rows are decoded each time they are asked for; who asks keeps them."""

    def __init__(self, data: bytes) -> None:
        """Raises `TableError` where the bytes are not a whole table of this version."""
        self._sections = Sections(data)

    def program(self) -> Program:
        """Every row. The law: `Table(encode(program)).program() == program`."""
        entries = self._all(Section.ENTRIES, self.entry)
        unlisted = self.unlisted
        return Program(
            hide=self._all(Section.HIDE, self._hidden),
            entries=entries if unlisted is None else entries[:-1],
            globs_from=self._facts[0],
            unlisted=None if unlisted is None else entries[unlisted],
            rules=self._all(Section.RULES, self.rule),
            holds=self._all(Section.HOLDS, self.hold),
            limits=self._all(Section.LIMITS, self.limit),
            conditions=self._all(Section.CONDITIONS, self.condition),
            paths=self._all(Section.PATHS, self.path),
            values=self._all(Section.VALUES, self.value),
            automata=self._all(Section.AUTOMATA, self.automaton),
        )

    @cached_property
    def _facts(self) -> Words:
        return self._sections.words(Section.FACTS, 0)

    @cached_property
    def unlisted(self) -> int | None:
        """The entry that serves tools without one; None denies them."""
        return self._sections.count(Section.ENTRIES) - 1 if self._facts[1] else None

    @cached_property
    def hides_all(self) -> bool:
        return self._sections.count(Section.HIDE) == 1 and self._hidden(0) == "*"

    @cached_property
    def _globs(self) -> list[tuple[int, str]]:
        end = self._sections.count(Section.ENTRIES) if self.unlisted is None else self.unlisted
        return [(index, self._name(index)) for index in range(self._facts[0], end)]

    def hides(self, tool: str) -> bool:
        """Whether the policy hides the tool."""
        count = self._sections.count(Section.HIDE)
        place = bisect_left(range(count), tool, key=self._hidden)
        return self.hides_all or (place < count and self._hidden(place) == tool)

    def own(self, tool: str) -> int | None:
        """The entry that is exactly this name, and no glob."""
        exact = self._facts[0]
        place = bisect_left(range(exact), tool, key=self._name)
        return place if place < exact and self._name(place) == tool else None

    def serving(self, tool: str) -> int | None:
        """The one entry that serves a tool: its own, else the best glob, else `unlisted`."""
        own = self.own(tool)
        if own is not None:
            return own
        return next((i for i, glob in self._globs if matches(glob, tool)), self.unlisted)

    def entry(self, index: int) -> EntryRow:
        words = self._sections.words(Section.ENTRIES, index)
        place, lists = 5, []
        for length in words[1:5]:
            lists.append(tuple(words[place : place + length]))
            place += length
        return EntryRow(self._string(words[0]), *lists)

    def rule(self, index: int) -> RuleRow:
        words = self._sections.words(Section.RULES, index)
        form = self._sections.words(Section.RULE_FORMS, words[2])
        return RuleRow(self._place(words, form), tuple(form[3:]), self._string(form[2]))

    def hold(self, index: int) -> HoldRow:
        words = self._sections.words(Section.HOLDS, index)
        form = self._sections.words(Section.HOLD_FORMS, words[2])
        quorum, expires_in, mail_arguments, approvers = form[3:7]
        return HoldRow(
            place=self._place(words, form),
            conditions=tuple(form[7 + approvers :]),
            written=self._string(form[2]),
            approvers=tuple(map(self._string, form[7 : 7 + approvers])),
            quorum=quorum,
            expires_in=expires_in,
            mail_arguments=bool(mail_arguments),
        )

    def limit(self, index: int) -> LimitRow:
        words = self._sections.words(Section.LIMITS, index)
        form = self._sections.words(Section.LIMIT_FORMS, words[2])
        counter, window, message = map(self._string, form[3:6])
        scope, high, low, shards, increment_from = form[6:11]
        return LimitRow(
            place=self._place(words, form),
            owner=names.owner(self._home(words), shared=bool(form[2])),
            counter=counter,
            window=Window(window),
            scope=SCOPES[scope],
            maximum=high * WORD + low,
            increment_from=_present(increment_from),
            per=tuple(form[11:]),
            shards=shards,
            message=message,
        )

    def condition(self, index: int) -> ConditionRow:
        path, operator, value, automaton, mismatch = self._sections.words(Section.CONDITIONS, index)
        return ConditionRow(
            path, OPERATORS[operator], value, _present(automaton), self._string(mismatch)
        )

    def path(self, index: int) -> Path:
        text, root, *steps = self._sections.words(Section.PATHS, index)
        pairs = zip(steps[::2], steps[1::2], strict=True)
        return Path(self._string(text), ROOTS[root], tuple(self._step(*pair) for pair in pairs))

    def value(self, index: int) -> str:
        return self._sections.text(Section.VALUES, index)

    def automaton(self, index: int) -> bytes:
        return self._sections.bytes(Section.AUTOMATA, index)

    def _step(self, kind: int, operand: int) -> Step:
        if kind == KEY:
            return self._string(operand)
        return Every.ELEMENT if kind == EVERY else operand

    def _home(self, words: Words) -> str | None:
        """The name of the entry that a rule is written in; None for all_tools."""
        return self._name(words[0] - 1) if words[0] else None

    def _place(self, words: Words, form: Words) -> Place:
        name = names.home_name(self._home(words)) + self._string(form[0])
        return Place(name, _present(form[1]), _present(words[1]))

    def _name(self, index: int) -> str:
        return self._string(self._sections.words(Section.ENTRIES, index)[0])

    def _hidden(self, index: int) -> str:
        return self._sections.text(Section.HIDE, index)

    def _string(self, index: int) -> str:
        return self._sections.text(Section.STRINGS, index)

    def _all(self, section: Section, read: Callable[[int], Row]) -> tuple[Row, ...]:
        return tuple(map(read, range(self._sections.count(section))))


def _present(word: int) -> int | None:
    return word - 1 if word else None
