"""The arguments of a held call as lines to read: every name and value, nested ones indented. Pure.

Must not know where the lines are shown. Everything in a line is safe to show (`display`). A page
shows the arguments whole, in parts of a bounded size; a mail shows as many lines as it may, and
says what it leaves out.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from compiler.values import Value, kind
from handler.approvals import display
from handler.approvals.resemblance import doubts

LONGEST_NAME = 200
"""Characters of an argument's name that stand before its value; a page shows longer ones below."""

LONGEST_PIECE = 10_000
"""Characters of a text in one line of a part; the rest of it follows in further lines."""

PART_LINES, PART_CHARACTERS = 1_000, 100_000
"""Of one part, as the agent wrote them. Shown at their widest they are 4 MB of HTML."""

MOST_FLAGGED = 50
"""Lines of one listing with flags; of the others only how many."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is shown: lines in all, and characters of one value."""

    lines: int
    characters: int


SCREEN = Bounds(lines=2_000, characters=20_000)
MAIL = Bounds(lines=100, characters=2_000)


@dataclass(frozen=True, slots=True)
class Line:
    """One name and its value. `text` is empty for an object or list whose members follow."""

    depth: int
    name: str
    text: str
    kind: str
    flags: tuple[str, ...] = ()
    """Sentences about words that may be read as others."""
    span: str = ""
    """Which characters of a long text these are; empty where they are all."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Lines, and what they are of all there are."""

    lines: tuple[Line, ...]
    omitted: int = 0
    """Lines that are shown nowhere."""
    unflagged: int = 0
    """Lines whose flags are left out."""
    part: int = 1
    parts: int = 1


class _Piece(NamedTuple):
    """A line to be, as the agent wrote it: nothing of it is safe to show yet.

    A tuple, since a call may have a million of them.
    """

    depth: int
    name: str
    value: Value
    span: str = ""

    @property
    def size(self) -> int:
        text = len(self.value) if isinstance(self.value, str) else 0
        return min(len(self.name), LONGEST_NAME) + text


def listing(arguments: Mapping[str, Value], bounds: Bounds) -> Listing:
    """The first lines, in the order the agent wrote them, cut to the bounds."""
    shown: list[Line] = []
    total = 0
    for piece in _members(arguments, 0):
        total += 1
        if total <= bounds.lines:
            shown.append(_line(piece, bounds.characters))
    return replace(_flagged(shown), omitted=total - len(shown))


def part(arguments: Mapping[str, Value], number: int) -> Listing:
    """One part of all lines, counted from 1, or the nearest to it that there is."""
    chosen: list[_Piece] = []
    count = here = 0
    for count, pieces in enumerate(_parts(arguments), start=1):
        if count <= max(number, 1):
            chosen, here = pieces, count
    lines = [_line(piece, LONGEST_PIECE) for piece in chosen]
    return replace(_flagged(lines), part=max(here, 1), parts=max(count, 1))


def _parts(arguments: Mapping[str, Value]) -> Iterator[list[_Piece]]:
    pieces: list[_Piece] = []
    size = 0
    for piece in _divided(_members(arguments, 0)):
        if pieces and (len(pieces) == PART_LINES or size + piece.size > PART_CHARACTERS):
            yield pieces
            pieces, size = [], 0
        pieces.append(piece)
        size += piece.size
    if pieces:
        yield pieces


def _members(members: Mapping[str, Value], depth: int) -> Iterator[_Piece]:
    for name, value in members.items():
        yield from _nested(name or '""', value, depth)


def _nested(name: str, value: Value, depth: int) -> Iterator[_Piece]:
    yield _Piece(depth, name, value)
    if isinstance(value, dict):
        yield from _members(value, depth + 1)
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from _nested(f"[{index}]", element, depth + 1)


def _divided(pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """The same, with texts and names that are long in several lines."""
    for piece in pieces:
        if len(piece.name) > LONGEST_NAME:
            yield from _spans(piece, piece.name, "of its name, ")
        if isinstance(piece.value, str) and len(piece.value) > LONGEST_PIECE:
            yield from _spans(piece, piece.value)
        else:
            yield piece


def _spans(piece: _Piece, text: str, what: str = "") -> Iterator[_Piece]:
    for start in range(0, len(text), LONGEST_PIECE):
        value = text[start : start + LONGEST_PIECE]
        end = start + len(value)
        span = f"{what}characters {start + 1:,} to {end:,} of {len(text):,}"
        yield piece._replace(value=value, span=span)


def _line(piece: _Piece, most: int) -> Line:
    name = display.shortened_name(piece.name, LONGEST_NAME)
    flags = doubts(piece.name[:LONGEST_NAME])
    value = piece.value
    if isinstance(value, dict | list) and value:
        return Line(piece.depth, name, "", "object" if isinstance(value, dict) else "list", flags)
    if not isinstance(value, str):
        return Line(piece.depth, name, json.dumps(value), kind(value), flags)
    text = f'"{display.shortened_block(value, most)}"'  # strings stand in quotes: "10", 10
    flags += doubts(value)
    return Line(piece.depth, name, text, "string", flags, piece.span)


def _flagged(lines: Sequence[Line]) -> Listing:
    """The lines, of which so many have flags at most."""
    left, shown = MOST_FLAGGED, []
    for line in lines:
        left -= bool(line.flags)
        shown.append(line if left >= 0 else replace(line, flags=()))
    return Listing(tuple(shown), unflagged=max(-left, 0))
