"""A pattern in RE2 syntax -> a tree.

Must not know automata; what stands for characters is read in `classes.py`. The accepted language is
RE2's in its default mode (https://github.com/google/re2/wiki/Syntax): groups only group, lazy
operators are read as greedy ones because only whether there is a match is asked, `^` and `$` are
the ends of the text unless `(?m)`. Offsets count code points of the pattern.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from compiler.regex import classes
from compiler.regex.cursor import Cursor
from compiler.regex.errors import PatternError
from compiler.regex.group import Flags, Group
from compiler.regex.ranges import ANY, Ranges, complement, fold, unicode_class, union
from compiler.regex.tree import (
    NEWLINE,
    WORD,
    AnyByte,
    Assertion,
    Characters,
    Node,
    Repeat,
    largest_product,
)

MAX_REPEAT = 1000
"""RE2's bound on a count, and on the product of nested counts."""
MAX_PATTERN = 10_000
"""Code points."""
MAX_DEPTH = 100

ANCHORS = {
    "A": Assertion.TEXT_START,
    "z": Assertion.TEXT_END,
    "b": Assertion.WORD_BOUNDARY,
    "B": Assertion.NOT_WORD_BOUNDARY,
}
COUNTS = {"*": (0, None), "+": (1, None), "?": (0, 1)}

COUNTED = re.compile(r"\{(0|[1-9][0-9]{0,8})(?:(,)(0|[1-9][0-9]{0,8})?)?\}", re.ASCII)
FLAGS = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
NAMED = re.compile(r"\(\?P?<([^>]*)>")
NAME_CLASSES = ("Lu", "Ll", "Lt", "Lm", "Lo", "Nl", "Mn", "Mc", "Nd", "Pc")

LOOKAROUND = (
    "lookahead and lookbehind are not supported; use a second condition, such as `not_regex`"
)
UNSUPPORTED = [
    (("(?=", "(?!", "(?<=", "(?<!"), LOOKAROUND),
    (("(?P=",), classes.BACKREFERENCE),
    (("(?>",), "atomic groups are not supported"),
    (("(?#",), "comments are not supported"),
    (("(?P<", "(?<"), "this group name is not a word; names are letters, digits and `_`"),
]


def parse(pattern: str) -> Node:
    """The tree of a pattern. Raises PatternError where RE2 refuses it, and past our own bounds."""
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"the pattern is longer than {MAX_PATTERN} characters; shorten it")
    return _Parser(pattern).parse()


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.cursor = Cursor(pattern)
        self.flags = Flags()
        self.groups = [Group(0, self.flags)]
        self.repeated = False
        """Whether the token just read was a repetition, which another may not follow."""

    def parse(self) -> Node:
        while not self.cursor.ended:
            repeated, self.repeated = self.repeated, False
            character = self.cursor.next()
            if count := self._count(character):
                self._repeat(*count, after_repeat=repeated)
            elif read := _READERS.get(character):
                read(self)
            else:
                self._literal(self.cursor.character())
        if len(self.groups) > 1:
            raise PatternError("this group is never closed; add `)`", self.groups[-1].offset)
        return self.groups[0].node()

    def _push(self, node: Node) -> None:
        self.groups[-1].items.append(node)

    def _literal(self, code: int) -> None:
        ranges: Ranges = ((code, code),)
        self._push(Characters(fold(ranges) if self.flags.fold else ranges))

    # Repetition

    def _count(self, character: str) -> tuple[int, int, int | None] | None:
        """Where a repetition starts, and its bounds, if one is next; it is then read."""
        start = self.cursor.at
        if bounds := COUNTS.get(character):
            self.cursor.at += 1
            return start, *bounds
        if character != "{" or not (match := self.cursor.take_match(COUNTED)):
            return None
        least, comma, most = match.groups()
        return start, int(least), int(most or least) if most or not comma else None

    def _repeat(self, start: int, least: int, most: int | None, *, after_repeat: bool) -> None:
        self.cursor.take("?")
        if after_repeat:
            self.cursor.fail(
                "a repetition cannot follow a repetition; put the first in a group", start
            )
        highest = least if most is None else most
        if highest < least:
            self.cursor.fail("this repetition ends below where it begins", start)
        items = self.groups[-1].items
        if highest <= MAX_REPEAT and not items:
            self.cursor.fail(
                "there is nothing to repeat here; escape the character to match it", start
            )
        product = max(highest, 1) * (largest_product(items[-1]) if items else 1)
        if highest > MAX_REPEAT or (highest > 1 and product > MAX_REPEAT):
            self.cursor.fail(
                f"this repeats more than {MAX_REPEAT} times; use `length_lte` to bound a length",
                start,
            )
        items[-1] = Repeat(items[-1], least, most, product)
        self.repeated = True

    # Groups

    def _open(self) -> None:
        start = self.cursor.at
        if len(self.groups) > MAX_DEPTH:
            self.cursor.fail(f"groups are nested more than {MAX_DEPTH} deep; write fewer of them")
        if not self.cursor.starts("(?"):
            self.cursor.at += 1
            self.groups.append(Group(start, self.flags))
        elif match := self.cursor.take_match(FLAGS):
            self._set_flags(start, *match.groups(default=""))
        elif (match := NAMED.match(self.cursor.pattern, start)) and _is_name(match[1]):
            self.cursor.at = match.end()
            self.groups.append(Group(start, self.flags))
        else:
            starts = (message for texts, message in UNSUPPORTED if self.cursor.starts(*texts))
            self.cursor.fail(next(starts, "this is not a group or a flag that RE2 knows"))

    def _set_flags(self, start: int, on: str, off: str, end: str) -> None:
        if end == ":":
            self.groups.append(Group(start, self.flags))
        for letters, value in ((on, True), (off, False)):
            names = {_FLAG_NAMES[letter] for letter in letters if letter in _FLAG_NAMES}
            self.flags = replace(self.flags, **dict.fromkeys(names, value))

    def _close(self) -> None:
        if len(self.groups) == 1:
            self.cursor.fail("this `)` closes nothing; write `\\)` to match it")
        self.cursor.at += 1
        group = self.groups.pop()
        self.flags = group.outer
        self._push(group.node())

    def _alternate(self) -> None:
        self.cursor.at += 1
        self.groups[-1].end_branch()

    # Single items

    def _caret(self) -> None:
        self.cursor.at += 1
        self._push(Assertion.LINE_START if self.flags.lines else Assertion.TEXT_START)

    def _dollar(self) -> None:
        self.cursor.at += 1
        self._push(Assertion.LINE_END if self.flags.lines else Assertion.TEXT_END)

    def _dot(self) -> None:
        self.cursor.at += 1
        self._push(Characters(ANY if self.flags.dot_newline else complement(NEWLINE)))

    def _backslash(self) -> None:
        letter = self.cursor.next(1)
        if letter in ANCHORS:
            self.cursor.at += 2
            self._push(ANCHORS[letter])
        elif letter == "C":
            self.cursor.at += 2
            self._push(AnyByte())
        elif letter == "Q":
            self._quoted()
        elif (ranges := classes.named(self.cursor, self.flags.fold)) is not None:
            self._push(Characters(ranges))
        else:
            self._literal(classes.escape(self.cursor))

    def _quoted(self) -> None:
        self.cursor.at += 2
        while not self.cursor.ended and not self.cursor.take("\\E"):
            self._literal(self.cursor.character())

    def _bracketed(self) -> None:
        self._push(Characters(classes.bracketed(self.cursor, self.flags.fold)))


_READERS: dict[str, Callable[[_Parser], None]] = {
    "(": _Parser._open,
    ")": _Parser._close,
    "|": _Parser._alternate,
    "^": _Parser._caret,
    "$": _Parser._dollar,
    ".": _Parser._dot,
    "[": _Parser._bracketed,
    "\\": _Parser._backslash,
}
_FLAG_NAMES = {"i": "fold", "m": "lines", "s": "dot_newline"}
"""`U` swaps greedy and lazy, which changes no answer here."""


@cache
def _name_characters() -> Ranges:
    return union(pair for name in NAME_CLASSES for pair in unicode_class(name) or ())


def _is_name(text: str) -> bool:
    """Whether RE2 takes the text as a group's name."""
    words = _name_characters() if not text.isascii() else WORD
    return bool(text) and all(any(low <= ord(c) <= high for low, high in words) for c in text)
