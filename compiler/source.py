"""JSON text to nodes that know where they stand.

Must not know the language of policies. Our own reader, since every later error needs a place:
it refuses what readers of JSON disagree about (RFC 8259 leaves it open) and goes on after whatever
it can mend, so that one run shows all errors. Offsets are in code points.
"""

import gc
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from compiler.diagnostics import Report, quote
from compiler.policy import Span
from compiler.values import Value, is_comparable, read_number

LARGEST = 8 * 1024 * 1024
"""Bytes of a policy."""

MOST_VALUES = 1_000_000
"""Values in a policy: bounds the memory that nodes take."""

DEEPEST = 64
"""Levels of objects and lists."""


class Scalar(NamedTuple):
    """A string, number, boolean or null, from offset `start` up to `end`."""

    start: int
    end: int
    value: str | int | float | bool | None


class Member(NamedTuple):
    """One key of an object and what it holds."""

    key: Scalar
    name: str
    node: "Node"


class ObjectNode(NamedTuple):
    """An object, its members as written."""

    start: int
    end: int
    members: list[Member]


class ListNode(NamedTuple):
    """A list."""

    start: int
    end: int
    items: list["Node"]


Node: TypeAlias = Scalar | ObjectNode | ListNode


def plain(node: Node) -> Value:
    """The value a node stands for."""
    if isinstance(node, ObjectNode):
        return {member.name: plain(member.node) for member in node.members}
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    return node.value


@dataclass(frozen=True, slots=True)
class Source:
    """A text and where its lines start."""

    text: str
    lines: tuple[int, ...]

    def span(self, start: int, end: int) -> Span:
        """Line and column of an offset; the length ends with the line."""
        line = bisect_right(self.lines, start)
        line_end = self.lines[line] - 1 if line < len(self.lines) else len(self.text)
        length = max(1, min(end, line_end) - start)
        return Span(line, start - self.lines[line - 1] + 1, length)

    def of(self, node: Node) -> Span:
        return self.span(node.start, node.end)


START = Span(1, 1)


def decode(data: bytes, report: Report) -> Source | None:
    """The text of a file, or None where it is none: too large, marked or not UTF-8."""
    if len(data) > LARGEST:
        report.add("E002", START, f"a policy has at most {LARGEST} bytes, this has {len(data)}")
        return None
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        report.add("E001", START, "starts with a byte order mark", "save as UTF-8 without a mark")
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        text = data[: error.start].decode()
        last = text.rfind("\n")
        span = Span(text.count("\n") + 1, len(text) - last)
        report.add("E001", span, "is not UTF-8", "save the file as UTF-8")
        return None
    return Source(text, (0, *(found.end() for found in re.finditer("\n", text))))


def read(source: Source, report: Report) -> Node | None:
    """The document's node, or None where the text cannot be followed to its end."""
    collecting = gc.isenabled()
    gc.disable()  # a million nodes and no cycle among them: collecting takes half the time
    try:
        return _Reader(source, report).document()
    except _Lost:
        return None
    finally:
        if collecting:
            gc.enable()


class _Lost(Exception):
    """The text cannot be followed any further; the reason is reported."""


TOKEN = re.compile(
    r"[ \t\n\r]*+(?:"
    r'(?P<string>"[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+")'
    r"|(?P<mark>[{}\[\],:])"
    r"|(?P<number>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?(?![\w.+-]))"
    r"|(?P<word>true|false|null)\b"
    r"|(?P<end>\Z)"
    r"|(?P<torn>\"(?:[^\"\\\n]|\\.)*+\")"
    r"|(?P<open>\"[^\n]*+)"
    r"|(?P<comment>//[^\n]*+|/\*)"
    r"|(?P<odd>[\w.+-]++|.)"
    r")"
)
MEMBER = re.compile(
    r'[ \t\n\r]*+"(?P<key>[^"\\\x00-\x1f]*+)"[ \t\n\r]*+:[ \t\n\r]*+'
    r'(?:"(?P<string>[^"\\\x00-\x1f]*+)"|(?P<integer>[1-9][0-9]{0,14}+)|(?P<word>true|false))'
    r'[ \t\n\r]*+(?:,(?=[ \t\n\r]*+")|(?=\}))'
)
"""A whole member with a plain key and a plain value: most of a policy, read in one step."""

ESCAPE = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
    r"|u([0-9a-fA-F]{4})|(.))"
)
CONTROL = re.compile(r"[\x00-\x1f]")
SHORT_ESCAPES = {
    '"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
}  # fmt: skip
WORDS = {"true": True, "false": False, "null": None}
ADVICE = {
    "comment": "JSON has no comments",
    "'": "strings stand in double quotes",
    "NaN": "NaN and infinities are not JSON",
    "Infinity": "NaN and infinities are not JSON",
    "-Infinity": "NaN and infinities are not JSON",
    "None": "write null",
    "True": "write true",
    "False": "write false",
}


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


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
        found = TOKEN.match(self.source.text, position)
        kind = found and found.lastgroup
        if found and kind:
            self.position, self.next = position, _Token(kind, found[kind], *found.span(kind))

    def take(self) -> _Token:
        token = self.next
        self.move(token.end)
        return token

    def fail(self, code: str, start: int, end: int, message: str, help: str = "") -> None:
        self.report.add(code, self.source.span(start, end), message, help)

    def lost(self, wanted: str) -> _Lost:
        token = self.next
        seen = "the text ends" if token.kind == "end" else f"found {quote(token.text, 20)}"
        advice = ADVICE.get(token.kind) or ADVICE.get(token.text, "")
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
        if token.kind == "mark" and token.text in "{[":
            if depth > DEEPEST:
                self.fail("E004", token.start, token.end, f"nested deeper than {DEEPEST} levels")
                raise _Lost
            return self.object(depth) if token.text == "{" else self.list(depth)
        if token.kind in ("string", "torn"):
            return self.string()
        if token.kind == "number":
            return self.number()
        if token.kind == "word":
            self.take()
            return Scalar(token.start, token.end, WORDS[token.text])
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
        return self.next.kind == "mark" and self.next.text == mark

    def separator(self, closing: str) -> None:
        """A comma before another value, or nothing before the end; the other way is mended."""
        token = self.next
        if self.at(","):
            self.take()
            if self.at(closing):
                message = f"a comma before `{closing}`"
                self.fail("E003", token.start, token.end, message, "remove it")
        elif not self.at(closing):
            if token.kind not in ("string", "number", "word") and token.text not in ("{", "["):
                raise self.lost(f"`,` or `{closing}`")
            self.fail("E003", token.start, token.end, "a comma is missing before this value")

    def number(self) -> Scalar:
        token = self.take()
        number = read_number(token.text)
        if number is None or not is_comparable(number):
            message = f"servers read the number {quote(token.text, 30)} differently"
            advice = "write an integer within 2^53-1, or fewer digits"
            self.fail("E006", token.start, token.end, message, advice)
            number = 0
        return Scalar(token.start, token.end, number)

    def string(self) -> Scalar:
        token = self.take()
        if token.kind == "torn":
            self._explain(token)
            return Scalar(token.start, token.end, token.text[1:-1])
        text = token.text[1:-1]
        if "\\" in text:
            text = ESCAPE.sub(lambda found: self._unescaped(found, token.start + 1), text)
        return Scalar(token.start, token.end, text)

    def _explain(self, token: _Token) -> None:
        control = CONTROL.search(token.text)
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
