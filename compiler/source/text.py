"""The bytes of a file as text, and where its lines start.

Must not know JSON. Offsets are in code points.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass

from compiler.diagnostics import Report
from compiler.policy import Span
from compiler.source.nodes import Node

LARGEST = 8 * 1024 * 1024
"""Bytes of a policy."""


@dataclass(frozen=True, slots=True)
class Source:
    """A text and where its lines start."""

    text: str
    lines: tuple[int, ...]

    def span(self, start: int, end: int) -> Span:
        """Line and column of an offset; the length ends with the line, before its line break."""
        line = bisect_right(self.lines, start)
        line_end = self.lines[line] - 1 if line < len(self.lines) else len(self.text)
        line_end -= self.text.endswith("\r", start, line_end)
        length = max(1, min(end, line_end) - start)
        return Span(line, start - self.lines[line - 1] + 1, length)

    def of(self, node: Node) -> Span:
        return self.span(node.start, node.end)


START = Span(1, 1)


def decode(data: bytes, report: Report) -> Source | None:
    """The text of a file, or None where it is none: too large, marked or not UTF-8."""
    if len(data) > LARGEST:
        report.add("E002", START, f"a policy has at most {LARGEST} bytes, this has more")
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
