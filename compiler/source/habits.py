"""What people write that JSON has no form for, though everybody knows what is meant.

It is read as it was meant, so that the rest of the file is checked too, and each kind of it is told
once, at the first place. Must not know what may follow what.
"""

from collections import Counter
from enum import Enum

from compiler.diagnostics import Report
from compiler.source.text import Source
from compiler.source.tokens import Token


class Habit(Enum):
    """A kind of it, and what is said of it."""

    COMMENT = "JSON has no comments", "remove this one"
    QUOTES = "strings stand in double quotes", "change those of this one"
    BARE_KEY = "keys stand in double quotes", "put this one in them"


class Habits:
    """Those met in one text: the first of each kind, and how many there are."""

    def __init__(self) -> None:
        self._first: dict[Habit, Token] = {}
        self._count: Counter[Habit] = Counter()

    def add(self, habit: Habit, token: Token) -> None:
        self._first.setdefault(habit, token)
        self._count[habit] += 1

    def tell(self, source: Source, report: Report) -> None:
        """One error for each kind that was met."""
        for habit, first in self._first.items():
            message, advice = habit.value
            more = self._count[habit] - 1
            others = f", and {more} after it" if more else ""
            span = source.span(first.start, first.end)
            report.add("E003", span, message, f"{advice}{others}")
