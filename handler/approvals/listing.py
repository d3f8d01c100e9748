"""The arguments of a held call as lines to read: every name and value, nested ones indented. Pure.

Must not know where the lines are shown. Everything in a line is safe to show (`display`).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from compiler.values import Value, kind
from handler.approvals import display

LONGEST_NAME = 200
"""Characters of an argument's name that are shown."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is shown: lines in all, and characters of one value."""

    lines: int
    characters: int


PAGE = Bounds(lines=2_000, characters=20_000)
MAIL = Bounds(lines=100, characters=2_000)


@dataclass(frozen=True, slots=True)
class Line:
    """One name and its value. `text` is empty for an object or list whose members follow."""

    depth: int
    name: str
    text: str
    kind: str
    flags: tuple[str, ...] = ()
    """Sentences about words that mix scripts."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The lines within the bounds, and how many were left out."""

    lines: tuple[Line, ...]
    omitted: int = 0


def listing(arguments: Mapping[str, Value], bounds: Bounds) -> Listing:
    """The arguments in the order the agent wrote them."""
    shown: list[Line] = []
    total = 0
    for line in _members(arguments, 0, bounds.characters):
        total += 1
        if total <= bounds.lines:
            shown.append(line)
    return Listing(tuple(shown), total - len(shown))


def _members(members: Mapping[str, Value], depth: int, most: int) -> Iterator[Line]:
    for name, value in members.items():
        flags = display.mixed_words(name)
        shown = display.cut(display.visible(name), LONGEST_NAME)
        yield from _lines(shown or '""', value, depth, most, flags)


def _lines(
    name: str, value: Value, depth: int, most: int, flags: tuple[str, ...]
) -> Iterator[Line]:
    if isinstance(value, dict) and value:
        yield Line(depth, name, "", "object", flags)
        yield from _members(value, depth + 1, most)
    elif isinstance(value, list) and value:
        yield Line(depth, name, "", "list", flags)
        for index, element in enumerate(value):
            yield from _lines(f"[{index}]", element, depth + 1, most, ())
    else:
        yield Line(depth, name, *_scalar(value, most, flags))


def _scalar(value: Value, most: int, flags: tuple[str, ...]) -> tuple[str, str, tuple[str, ...]]:
    """The text, kind and flags of a value without members. Strings stand in quotes: "10", 10."""
    if not isinstance(value, str):
        return json.dumps(value), kind(value), flags
    shown = f'"{display.cut(display.block(value), most)}"'
    return shown, "string", flags + display.mixed_words(value)
