"""The token looked at, and what is said of one that cannot stand where it does.

Must not know what may follow what: that is the reader's part. Comments are no tokens here.
"""

from compiler.diagnostics import Report, quote
from compiler.source.habits import Habit, Habits
from compiler.source.text import Source
from compiler.source.tokens import Token, advice, token_at

CLOSING = {"{": "}", "[": "]"}


class Lost(Exception):
    """The text cannot be followed any further; the reason is reported."""


class Cursor:
    """A place in a text. `next` is the token looked at."""

    def __init__(self, source: Source, report: Report) -> None:
        self.source = source
        self.report = report
        self.habits = Habits()
        self.opened: list[int] = []
        """Where the objects and lists start that are open yet."""
        self.position = 0
        self.move(0)

    def move(self, position: int) -> None:
        """Look at the token from `position` on."""
        token = token_at(self.source.text, position)
        while token.kind == "comment":
            self.habits.add(Habit.COMMENT, token)
            position = token.end
            token = token_at(self.source.text, position)
        self.position, self.next = position, token

    def at(self, kind: str) -> bool:
        return self.next.kind == kind

    def text(self, token: Token) -> str:
        return self.source.text[token.start : token.end]

    def take(self) -> Token:
        token = self.next
        self.move(token.end)
        return token

    def fail(self, code: str, start: int, end: int, message: str, help: str = "") -> None:
        self.report.add(code, self.source.span(start, end), message, help)

    def expected(self, wanted: str, help: str = "") -> None:
        """Report the token looked at, which cannot stand here."""
        token = self.next
        seen = "the text ends" if token.kind == "end" else f"found {quote(self.text(token), 20)}"
        told = help or advice(token, self.text(token))
        self.fail("E003", token.start, token.end, f"expected {wanted}, but {seen}", told)

    def lost(self, wanted: str) -> Lost:
        """To be raised; the token looked at is reported."""
        self.expected(wanted, self.unclosed())
        return Lost()

    def unclosed(self) -> str:
        """What is open yet, where the text ends or something else is closed instead."""
        if not self.opened or not (self.at("end") or self.next.kind in CLOSING.values()):
            return ""
        start = self.opened[-1]
        mark = self.source.text[start]
        if self.at(CLOSING[mark]):
            return ""
        return f"the `{mark}` on line {self.source.span(start, start + 1).line} is not closed"
