"""What a pattern says, as a tree.

Must not know how patterns are written or run.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from compiler.regex.ranges import Ranges

NEWLINE: Ranges = ((10, 10),)
DIGIT: Ranges = ((48, 57),)
SPACE: Ranges = ((9, 10), (12, 13), (32, 32))
WORD: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))


class Assertion(Enum):
    """Conditions on the place between two bytes."""

    TEXT_START = auto()
    TEXT_END = auto()
    LINE_START = auto()
    LINE_END = auto()
    WORD_BOUNDARY = auto()
    NOT_WORD_BOUNDARY = auto()


@dataclass(frozen=True, slots=True)
class Characters:
    """One code point of the set; none at all where the set is empty."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class AnyByte:
    r"""`\C`: one byte of the text's UTF-8, whatever it is."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """All, one after the other. No items is the empty text."""

    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Choice:
    branches: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Repeat:
    """From `least` to `most` times; without end where `most` is None."""

    item: "Node"
    least: int
    most: int | None
    product: int
    """This count times the largest product of counts within."""


Node: TypeAlias = Characters | AnyByte | Assertion | Sequence | Choice | Repeat


def largest_product(node: Node) -> int:
    """The largest product of nested counts in a node."""
    match node:
        case Repeat():
            return node.product
        case Sequence(parts) | Choice(parts):
            return max(map(largest_product, parts), default=1)
        case _:
            return 1
