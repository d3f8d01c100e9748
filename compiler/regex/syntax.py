"""A pattern in RE2 syntax -> a tree.

Must not know automata. The accepted language is RE2's in its default mode
(https://github.com/google/re2/wiki/Syntax): groups only group, lazy operators are read as greedy
ones because only whether there is a match is asked, `^` and `$` are the ends of the text unless
`(?m)`. Offsets count code points of the pattern.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import NoReturn

from compiler.regex.errors import PatternError
from compiler.regex.ranges import ANY, Ranges, complement, fold, unicode_class, union
from compiler.regex.tree import (
    DIGIT,
    NEWLINE,
    SPACE,
    WORD,
    AnyByte,
    Assertion,
    Characters,
    Choice,
    Node,
    Repeat,
    Sequence,
    largest_product,
)

MAX_REPEAT = 1000
"""RE2's bound on a count, and on the product of nested counts."""
MAX_PATTERN = 10_000
"""Code points."""
MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Flags:
    fold: bool = False
    lines: bool = False
    """`(?m)`: `^` and `$` also match at line ends."""
    dot_newline: bool = False


@dataclass(slots=True)
class Group:
    """An open group: the branches that are done and the items of the current one."""

    offset: int
    outer: Flags
    """The flags to go back to when the group closes."""
    branches: list[Node] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)

    def end_branch(self) -> None:
        self.branches.append(self.items[0] if len(self.items) == 1 else Sequence((*self.items,)))
        self.items = []

    def node(self) -> Node:
        self.end_branch()
        return self.branches[0] if len(self.branches) == 1 else Choice((*self.branches,))


PERL = {"d": DIGIT, "s": SPACE, "w": WORD}
POSIX: dict[str, Ranges] = {
    "alnum": ((48, 57), (65, 90), (97, 122)),
    "alpha": ((65, 90), (97, 122)),
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": DIGIT,
    "graph": ((33, 126),),
    "lower": ((97, 122),),
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": ((65, 90),),
    "word": WORD,
    "xdigit": ((48, 57), (65, 70), (97, 102)),
}
ESCAPES = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
ANCHORS = {
    "A": Assertion.TEXT_START,
    "z": Assertion.TEXT_END,
    "b": Assertion.WORD_BOUNDARY,
    "B": Assertion.NOT_WORD_BOUNDARY,
}
COUNTS = {"*": (0, None), "+": (1, None), "?": (0, 1)}

COUNTED = re.compile(r"\{(0|[1-9][0-9]{0,8})(?:(,)(0|[1-9][0-9]{0,8})?)?\}", re.ASCII)
OCTAL = re.compile(r"0[0-7]{0,2}|[1-7][0-7]{1,2}")
HEX = re.compile(r"x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})")
FLAGS = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
NAMED = re.compile(r"\(\?P?<([^>]*)>")
NAME_CLASSES = ("Lu", "Ll", "Lt", "Lm", "Lo", "Nl", "Mn", "Mc", "Nd", "Pc")

LOOKAROUND = (
    "lookahead and lookbehind are not supported; use a second condition, such as `not_regex`"
)
BACKREFERENCE = "backreferences are not supported"
UNSUPPORTED = [
    (("(?=", "(?!", "(?<=", "(?<!"), LOOKAROUND),
    (("(?P=",), BACKREFERENCE),
    (("(?>",), "atomic groups are not supported"),
    (("(?#",), "comments are not supported"),
    (("(?P<", "(?<"), "this group name is not a word; names are letters, digits and `_`"),
]
BAD_ESCAPES = {
    **dict.fromkeys("123456789k", BACKREFERENCE),
    "Z": r"`\Z` is not supported; write `\z` for the end of the text",
    "G": r"`\G` is not supported",
}


def parse(pattern: str) -> Node:
    """The tree of a pattern. Raises PatternError where RE2 refuses it, and past our own bounds."""
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"the pattern is longer than {MAX_PATTERN} characters; shorten it")
    return _Parser(pattern).parse()


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.flags = Flags()
        self.groups = [Group(0, self.flags)]
        self.repeated = False
        """Whether the token just read was a repetition, which another may not follow."""

    def parse(self) -> Node:
        while self.at < len(self.pattern):
            repeated, self.repeated = self.repeated, False
            character = self.pattern[self.at]
            if count := self._count(character):
                self._repeat(*count, after_repeat=repeated)
            elif read := _READERS.get(character):
                read(self)
            else:
                self._literal(self._character())
        if len(self.groups) > 1:
            raise PatternError("this group is never closed; add `)`", self.groups[-1].offset)
        return self.groups[0].node()

    def _fail(self, message: str, offset: int | None = None) -> NoReturn:
        raise PatternError(message, self.at if offset is None else offset)

    def _push(self, node: Node) -> None:
        self.groups[-1].items.append(node)

    def _take(self, text: str) -> bool:
        """Whether the text is next; if so it is read."""
        found = self.pattern.startswith(text, self.at)
        if found:
            self.at += len(text)
        return found

    def _take_match(self, expression: re.Pattern[str]) -> re.Match[str] | None:
        match = expression.match(self.pattern, self.at)
        if match:
            self.at = match.end()
        return match

    def _character(self) -> int:
        code = ord(self.pattern[self.at])
        if 0xD800 <= code <= 0xDFFF:
            self._fail("a lone surrogate is not a character")
        self.at += 1
        return code

    def _literal(self, code: int) -> None:
        ranges: Ranges = ((code, code),)
        self._push(Characters(fold(ranges) if self.flags.fold else ranges))

    # Repetition

    def _count(self, character: str) -> tuple[int, int, int | None] | None:
        """Where a repetition starts, and its bounds, if one is next; it is then read."""
        start = self.at
        if bounds := COUNTS.get(character):
            self.at += 1
            return start, *bounds
        if character != "{" or not (match := self._take_match(COUNTED)):
            return None
        least, comma, most = match.groups()
        return start, int(least), int(most or least) if most or not comma else None

    def _repeat(self, start: int, least: int, most: int | None, *, after_repeat: bool) -> None:
        self._take("?")
        if after_repeat:
            self._fail("a repetition cannot follow a repetition; put the first in a group", start)
        highest = least if most is None else most
        if highest < least:
            self._fail("this repetition ends below where it begins", start)
        items = self.groups[-1].items
        if highest <= MAX_REPEAT and not items:
            self._fail("there is nothing to repeat here; escape the character to match it", start)
        product = max(highest, 1) * (largest_product(items[-1]) if items else 1)
        if highest > MAX_REPEAT or (highest > 1 and product > MAX_REPEAT):
            self._fail(
                f"this repeats more than {MAX_REPEAT} times; use `length_lte` to bound a length",
                start,
            )
        items[-1] = Repeat(items[-1], least, most, product)
        self.repeated = True

    # Groups

    def _open(self) -> None:
        start = self.at
        if len(self.groups) > MAX_DEPTH:
            self._fail(f"groups are nested more than {MAX_DEPTH} deep; write fewer of them")
        if not self.pattern.startswith("(?", start):
            self.at += 1
            self.groups.append(Group(start, self.flags))
        elif match := self._take_match(FLAGS):
            self._set_flags(start, *match.groups(default=""))
        elif (match := NAMED.match(self.pattern, start)) and _is_name(match[1]):
            self.at = match.end()
            self.groups.append(Group(start, self.flags))
        else:
            starts = (message for texts, message in UNSUPPORTED if self._starts(texts))
            self._fail(next(starts, "this is not a group or a flag that RE2 knows"))

    def _starts(self, texts: tuple[str, ...]) -> bool:
        return self.pattern.startswith(texts, self.at)

    def _set_flags(self, start: int, on: str, off: str, end: str) -> None:
        if end == ":":
            self.groups.append(Group(start, self.flags))
        for letters, value in ((on, True), (off, False)):
            names = {_FLAG_NAMES[letter] for letter in letters if letter in _FLAG_NAMES}
            self.flags = replace(self.flags, **dict.fromkeys(names, value))

    def _close(self) -> None:
        if len(self.groups) == 1:
            self._fail("this `)` closes nothing; write `\\)` to match it")
        self.at += 1
        group = self.groups.pop()
        self.flags = group.outer
        self._push(group.node())

    def _alternate(self) -> None:
        self.at += 1
        self.groups[-1].end_branch()

    # Single items

    def _caret(self) -> None:
        self.at += 1
        self._push(Assertion.LINE_START if self.flags.lines else Assertion.TEXT_START)

    def _dollar(self) -> None:
        self.at += 1
        self._push(Assertion.LINE_END if self.flags.lines else Assertion.TEXT_END)

    def _dot(self) -> None:
        self.at += 1
        self._push(Characters(ANY if self.flags.dot_newline else complement(NEWLINE)))

    def _backslash(self) -> None:
        letter = self.pattern[self.at + 1 : self.at + 2]
        if letter in ANCHORS:
            self.at += 2
            self._push(ANCHORS[letter])
        elif letter == "C":
            self.at += 2
            self._push(AnyByte())
        elif letter == "Q":
            self._quoted()
        elif (ranges := self._named_class()) is not None:
            self._push(Characters(ranges))
        else:
            self._literal(self._escape())

    def _quoted(self) -> None:
        self.at += 2
        while self.at < len(self.pattern) and not self._take("\\E"):
            self._literal(self._character())

    def _escape(self) -> int:
        """The code point an escape stands for."""
        start = self.at
        self.at += 1
        letter = self.pattern[self.at : self.at + 1]
        if not letter:
            self._fail("the pattern ends in a backslash; write `\\\\` to match one", start)
        if letter in ESCAPES:
            self.at += 1
            return ESCAPES[letter]
        if match := self._take_match(OCTAL):
            return int(match[0], 8)
        if match := self._take_match(HEX):
            code = int(match[1] or match[2], 16)
            if code <= 0x10FFFF:
                return code
            self._fail("there is no such code point; the last one is \\x{10FFFF}", start)
        if letter.isascii() and not letter.isalnum():
            return self._character()
        self._fail(BAD_ESCAPES.get(letter, f"there is no escape `\\{letter}`"), start)

    # Classes

    def _named_class(self) -> Ranges | None:
        r"""`\d`, `\pL`, `\p{Greek}` and the like, if one is next; it is then read."""
        letter = self.pattern[self.at + 1 : self.at + 2]
        if not self._starts(("\\",)):
            return None
        if letter in ("p", "P"):
            return self._unicode_class(negated=letter == "P")
        ranges = PERL.get(letter.lower())
        if ranges is None:
            return None
        self.at += 2
        return self._signed(ranges, letter.isupper())

    def _signed(self, ranges: Ranges, negated: bool) -> Ranges:
        """The class or all but it, folded before it is turned round."""
        folded = fold(ranges) if self.flags.fold else ranges
        return complement(folded) if negated else folded

    def _unicode_class(self, negated: bool) -> Ranges:
        start = self.at
        name = self.pattern[start + 2 : start + 3]
        end = start + 3
        if name == "{":
            close = self.pattern.find("}", end)
            if close < 0:
                self._fail("this class is never closed; add `}`")
            name, end = self.pattern[end:close], close + 1
        if name.startswith("^"):
            name, negated = name[1:], not negated
        ranges = unicode_class(name)
        if ranges is None:
            self._fail(
                f"there is no Unicode class `{name}`; give a general category such as `Lu`"
                " or the full name of a script such as `Greek`"
            )
        self.at = end
        return self._signed(ranges, negated)

    def _bracketed(self) -> None:
        start = self.at
        self.at += 1
        negated = self._take("^")
        parts: list[tuple[int, int]] = []
        first = True
        while first or not self._starts(("]",)):
            if self.at >= len(self.pattern):
                self._fail("this class is never closed; add `]`", start)
            parts += self._class_part(start)
            first = False
        self.at += 1
        ranges = union(parts)
        self._push(Characters(complement(ranges) if negated else ranges))

    def _class_part(self, start: int) -> Ranges:
        posix = self._posix_class()
        if posix is not None:
            return posix
        named = self._named_class()
        if named is not None:
            return named
        at = self.at
        low = high = self._class_character(start)
        if self._starts(("-",)) and self.pattern[self.at + 1 : self.at + 2] not in ("", "]"):
            self.at += 1
            high = self._class_character(start)
        if high < low:
            self._fail("this range ends before it begins", at)
        ranges: Ranges = ((low, high),)
        return fold(ranges) if self.flags.fold else ranges

    def _class_character(self, start: int) -> int:
        if self.at >= len(self.pattern):
            self._fail("this class is never closed; add `]`", start)
        return self._escape() if self._starts(("\\",)) else self._character()

    def _posix_class(self) -> Ranges | None:
        close = self.pattern.find(":]", self.at + 2) if self._starts(("[:",)) else -1
        if close < 0:
            return None
        name = self.pattern[self.at + 2 : close]
        ranges = POSIX.get(name.removeprefix("^"))
        if ranges is None:
            self._fail(f"there is no class `[:{name}:]`; the names are {', '.join(POSIX)}")
        self.at = close + 2
        return self._signed(ranges, name.startswith("^"))


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
