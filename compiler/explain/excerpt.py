"""The lines of a policy that a rule is written on. Must not know rules."""

import json

from compiler.diagnostics import visible
from compiler.policy import Span

MOST_LINES = 12
LONGEST_LINE = 96


def excerpt(text: str, span: Span) -> list[str]:
    """The whole lines that hold the value at `span`, numbered; cut where they are many or long.

    `text` is a policy that compiles, so that what starts at a span is a whole JSON value.
    """
    lines = text.split("\n")
    first = span.line - 1
    offset = sum(len(line) + 1 for line in lines[:first]) + span.column - 1
    _, end = json.JSONDecoder(parse_int=str, parse_float=str).raw_decode(text, offset)
    last = first + text.count("\n", offset, end)
    shown = lines[first : last + 1][:MOST_LINES]
    width = len(str(first + len(shown)))
    drawn = [
        f"{number:>{width}} | {_cut(visible(line.rstrip()))}"
        for number, line in enumerate(shown, first + 1)
    ]
    return [*drawn, f"{'':>{width}} | …"] if last - first >= MOST_LINES else drawn


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…"
