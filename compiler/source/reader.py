"""JSON text to nodes. Our own reader, since every later error needs a place.

It refuses what readers of JSON disagree about (RFC 8259 leaves it open) and goes on after whatever
it can mend, so that one run shows all errors.
"""

import re
from collections.abc import Iterator

from compiler.diagnostics import Report, quote
from compiler.source.nodes import ListNode, Member, Node, ObjectNode, Scalar
from compiler.source.text import Source
from compiler.source.tokens import (
    ADVICE,
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
        try:
            return _Reader(source, report).document()
        except _Lost:
            return None


class _Lost(Exception):
    """The text cannot be followed any further; the reason is reported."""


class _Reader:
    """Recursive descent, at most `DEEPEST` levels. `next` is the token looked at."""

    def __init__(self, source: Source, report: Report) -> None:
        self.source = source
        self.report = report
        self.count = 0
        self.position = 0
        self.move(0)

    def move(self, position: int) -> None:
        """Look at the token from `position` on."""
        self.position, self.next = position, token_at(self.source.text, position)

    def text(self, token: Token) -> str:
        return self.source.text[token.start : token.end]

    def take(self) -> Token:
        token = self.next
        self.move(token.end)
        return token

    def fail(self, code: str, start: int, end: int, message: str, help: str = "") -> None:
        self.report.add(code, self.source.span(start, end), message, help)

    def lost(self, wanted: str) -> _Lost:
        token = self.next
        seen = "the text ends" if token.kind == "end" else f"found {quote(self.text(token), 20)}"
        advice = ADVICE.get(token.kind) or ADVICE.get(self.text(token), "")
        self.fail("E003", token.start, token.end, f"expected {wanted}, but {seen}", advice)
        return _Lost()

    def document(self) -> Node:
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
                raise _Lost
            return self.object(depth) if token.kind == "{" else self.list(depth)
        if token.kind in ("string", "torn"):
            return self.string()
        if token.kind == "number":
            return self.number()
        if token.kind == "word":
            self.take()
            return Scalar(token.start, token.end, WORDS[self.text(token)])
        raise self.lost("a string that ends on its line" if token.kind == "open" else "a value")

    def counted(self, start: int, end: int) -> None:
        self.count += 1
        if self.count > MOST_VALUES:
            self.fail("E002", start, end, f"a policy has at most {MOST_VALUES} values")
            raise _Lost

    def object(self, depth: int) -> ObjectNode:
        start, members = self.take().start, dict[str, Member]()
        while not self.at("}"):
            for member in self.plain_members():
                self.keep(member, members)
            if not self.at("}"):
                self.keep(self.member(depth), members)
                self.separator("}")
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

    def member(self, depth: int) -> Member:
        if self.next.kind not in ("string", "torn"):
            raise self.lost("a key in double quotes")
        key = self.string()
        if not self.at(":"):
            raise self.lost("`:` after the key")
        self.take()
        return Member(key, str(key.value), self.value(depth + 1))

    def keep(self, member: Member, members: dict[str, Member]) -> None:
        """The first of a key written twice stays."""
        first = members.setdefault(member.name, member)
        if first is not member:
            key, line = member.key, self.source.of(first.key).line
            message = f"key {quote(member.name)} is written twice"
            self.fail("E005", key.start, key.end, message, f"it stands on line {line} already")

    def list(self, depth: int) -> ListNode:
        start, items = self.take().start, list[Node]()
        while not self.at("]"):
            items.append(self.value(depth + 1))
            self.separator("]")
        return ListNode(start, self.take().end, items)

    def at(self, mark: str) -> bool:
        return self.next.kind == mark

    def separator(self, closing: str) -> None:
        """A comma before another value, or nothing before the end; the other way is mended."""
        token = self.next
        if self.at(","):
            self.take()
            if self.at(closing):
                message = f"a comma before `{closing}`"
                self.fail("E003", token.start, token.end, message, "remove it")
        elif not self.at(closing):
            if token.kind not in ("string", "number", "word", "{", "["):
                raise self.lost(f"`,` or `{closing}`")
            self.fail("E003", token.start, token.end, "a comma is missing before this value")

    def number(self) -> Scalar:
        token = self.take()
        number = read_number(self.text(token))
        if number is None or not is_comparable(number):
            message = f"servers read the number {quote(self.text(token), 30)} differently"
            advice = "write an integer within 2^53-1, or fewer digits"
            self.fail("E006", token.start, token.end, message, advice)
            number = 0
        return Scalar(token.start, token.end, number)

    def string(self) -> Scalar:
        token = self.take()
        if token.kind == "torn":
            self._explain(token)
            return Scalar(token.start, token.end, self.text(token)[1:-1])
        text = self.text(token)[1:-1]
        if "\\" in text:
            text = ESCAPE.sub(lambda found: self._unescaped(found, token.start + 1), text)
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
