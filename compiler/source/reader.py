"""JSON text to nodes. Our own reader, since every later error needs a place.

It refuses what readers of JSON disagree about (RFC 8259 leaves it open) and goes on after whatever
it can mend, so that one run shows all errors. Must not know the language of policies.
"""

import re
from collections.abc import Iterator

from compiler.diagnostics import Report, quote
from compiler.source.cursor import Cursor, Lost
from compiler.source.habits import Habit
from compiler.source.nodes import ListNode, Member, Node, ObjectNode, Scalar
from compiler.source.text import Source
from compiler.source.tokens import (
    CONTROL,
    ESCAPE,
    MEMBER,
    SHORT_ESCAPES,
    WORDS,
    Token,
    token_at,
)
from compiler.source.uncollected import uncollected
from compiler.values import is_comparable, read_number

MOST_VALUES = 1_000_000
"""Values in a policy: bounds the memory that nodes take."""

DEEPEST = 64
"""Levels of objects and lists."""


def read(source: Source, report: Report) -> Node | None:
    """The document's node, or None where the text cannot be followed to its end."""
    with uncollected():
        reader = _Reader(source, report)
        try:
            return reader.document()
        except Lost:
            return None
        finally:
            reader.habits.tell(source, report)


VALUES = ("string", "torn", "quoted", "number", "word", "bare", "{", "[")
"""The kinds of token that a value can start with, or what was meant as one."""
KEYS = ("string", "torn", "quoted")
BARE = ("bare", "word", "number")
"""Keys that lack their quotes."""


class _Reader(Cursor):
    """Recursive descent, at most `DEEPEST` levels."""

    def __init__(self, source: Source, report: Report) -> None:
        super().__init__(source, report)
        self.count = 0

    def document(self) -> Node:
        if self.next.kind == "end":
            least = '{"version": "1", "default": "deny"}'
            self.expected("a policy", f"the shortest one is {least}")
            raise Lost
        if self.next.kind == "bare":
            self.expected("`{`", "a policy is one JSON object")
            raise Lost
        node = self.value(1)
        if self.next.kind != "end":
            raise self.lost("the end of the text")
        return node

    def value(self, depth: int) -> Node:
        token = self.next
        self.counted(token.start, token.end)
        if token.kind in ("{", "["):
            if depth > DEEPEST:
                self.fail("E004", token.start, token.end, f"nested deeper than {DEEPEST} levels")
                raise Lost
            return self.object(depth) if token.kind == "{" else self.list(depth)
        if token.kind in KEYS:
            return self.string()
        if token.kind == "number":
            return self.number()
        if token.kind == "word":
            self.take()
            return Scalar(token.start, token.end, WORDS[self.text(token)])
        if token.kind == "bare":
            self.expected("a value")
            self.take()
            return Scalar(token.start, token.end, None, known=False)
        raise self.lost("a string that ends on its line" if token.kind == "open" else "a value")

    def counted(self, start: int, end: int) -> None:
        self.count += 1
        if self.count > MOST_VALUES:
            self.fail("E002", start, end, f"a policy has at most {MOST_VALUES} values")
            raise Lost

    def object(self, depth: int) -> ObjectNode:
        start, members = self.take().start, dict[str, Member]()
        self.opened.append(start)
        self.skip_commas()
        while not self.at("}"):
            for member in self.plain_members():
                self.keep(member, members)
            if not self.at("}"):
                found = self.member(depth)
                if found is not None:
                    self.keep(found, members)
                self.separator("}")
        self.opened.pop()
        return ObjectNode(start, self.take().end, list(members.values()))

    def plain_members(self) -> Iterator[Member]:
        """The members from here on that need no more than one look."""
        text, position = self.source.text, self.position
        while found := MEMBER.match(text, position):
            position = found.end()
            kind = found.lastgroup or ""
            (first, last), (start, end) = found.span("key"), found.span(kind)
            name, value = found["key"], found[kind]
            key = Scalar(first - 1, last + 1, name)
            self.counted(start, end)
            if kind == "string":
                yield Member(key, name, Scalar(start - 1, end + 1, value))
            else:
                scalar = int(value) if kind == "integer" else value == "true"
                yield Member(key, name, Scalar(start, end, scalar))
        if position != self.position:
            self.move(position)

    def member(self, depth: int) -> Member | None:
        """One member; None for a word where a key should stand, which is reported and left out."""
        if self.next.kind in KEYS:
            key = self.string()
        elif self.next.kind not in BARE:
            raise self.lost("a key in double quotes")
        elif token_at(self.source.text, self.next.end).kind == ":":
            self.habits.add(Habit.BARE_KEY, self.next)
            token = self.take()
            key = Scalar(token.start, token.end, self.text(token))
        else:
            self.expected("a key in double quotes")
            self.take()
            return None
        self.colon()
        return Member(key, str(key.value), self.value(depth + 1))

    def colon(self) -> None:
        """What stands between key and value; a missing one, or `=`, is mended."""
        if self.at(":"):
            self.take()
        elif self.next.kind == "odd" and self.text(self.next) == "=":
            self.expected("`:` after the key")
            self.take()
        elif self.next.kind in VALUES:
            token = self.next
            self.fail("E003", token.start, token.end, "a `:` is missing before this value")
        else:
            raise self.lost("`:` after the key")

    def keep(self, member: Member, members: dict[str, Member]) -> None:
        """The first of a key written twice stays."""
        first = members.setdefault(member.name, member)
        if first is not member:
            key, line = member.key, self.source.of(first.key).line
            message = f"key {quote(member.name)} is written twice"
            self.fail("E005", key.start, key.end, message, f"it stands on line {line} already")

    def list(self, depth: int) -> ListNode:
        start, items = self.take().start, list[Node]()
        self.opened.append(start)
        self.skip_commas()
        while not self.at("]"):
            items.append(self.value(depth + 1))
            self.separator("]")
        self.opened.pop()
        return ListNode(start, self.take().end, items)

    def separator(self, closing: str) -> None:
        """A comma before another value, or nothing before the end; the other way is mended."""
        self.skip_unit(closing)
        token = self.next
        if self.at(","):
            self.take()
            self.skip_commas()
            if self.at(closing):
                message = f"a comma before `{closing}`"
                self.fail("E003", token.start, token.end, message, "remove it")
        elif not self.at(closing):
            if token.kind not in VALUES:
                raise self.lost(f"`,` or `{closing}`")
            self.fail("E003", token.start, token.end, "a comma is missing before this value")

    def skip_commas(self) -> None:
        while self.at(","):
            token = self.take()
            self.fail(
                "E003", token.start, token.end, "a comma with no value before it", "remove it"
            )

    def skip_unit(self, closing: str) -> None:
        """A word behind a value, as in `500 USD`, that is no key of its own."""
        if self.at("bare") and token_at(self.source.text, self.next.end).kind != ":":
            self.expected(f"`,` or `{closing}`", "remove it")
            self.take()

    def number(self) -> Scalar:
        token = self.take()
        number = read_number(self.text(token))
        if number is not None and is_comparable(number):
            return Scalar(token.start, token.end, number)
        message = f"servers read the number {quote(self.text(token), 30)} differently"
        told = "write an integer within 2^53-1, or fewer digits"
        self.fail("E006", token.start, token.end, message, told)
        return Scalar(token.start, token.end, 0, known=False)

    def string(self) -> Scalar:
        token = self.take()
        text = self.text(token)[1:-1]
        if token.kind == "quoted":
            self.habits.add(Habit.QUOTES, token)
        elif token.kind == "torn":
            self._explain(token)
            return Scalar(token.start, token.end, text, known=False)
        elif "\\" in text:
            told = len(self.report.diagnostics)
            text = ESCAPE.sub(lambda found: self._unescaped(found, token.start + 1), text)
            known = told == len(self.report.diagnostics)
            return Scalar(token.start, token.end, text, known)
        return Scalar(token.start, token.end, text)

    def _explain(self, token: Token) -> None:
        control = CONTROL.search(self.text(token))
        at = token.start + (control.start() if control else 0)
        self.fail("E007", at, at + 1, "a control character inside a string", "escape it")

    def _unescaped(self, found: re.Match[str], offset: int) -> str:
        high, low, unit, short = found.groups()
        if high:
            return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)
        if unit and not 0xD800 <= int(unit, 16) <= 0xDFFF:
            return chr(int(unit, 16))
        if short in SHORT_ESCAPES:
            return SHORT_ESCAPES[short]
        what = "half a surrogate pair" if unit else "an escape that JSON does not have"
        self.fail("E007", offset + found.start(), offset + found.end(), what)
        return "\ufffd"
