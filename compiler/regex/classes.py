"""The characters that a piece of a pattern stands for: an escape, or a class of them.

Must not know groups, anchors or repetition. `folds`: under `(?i)`, where a class holds every case
of its characters, and is folded before it is turned round.
"""

import re

from compiler.regex.cursor import Cursor
from compiler.regex.ranges import Ranges, complement, fold, unicode_class, union
from compiler.regex.tree import DIGIT, SPACE, WORD

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
OCTAL = re.compile(r"0[0-7]{0,2}|[1-7][0-7]{1,2}")
HEX = re.compile(r"x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})")
BACKREFERENCE = "backreferences are not supported"
BAD_ESCAPES = {
    **dict.fromkeys("123456789k", BACKREFERENCE),
    "Z": r"`\Z` is not supported; write `\z` for the end of the text",
    "G": r"`\G` is not supported",
}

UNCLOSED = "this class is never closed; add `]`"


def escape(cursor: Cursor) -> int:
    """The code point an escape stands for."""
    start = cursor.at
    cursor.at += 1
    letter = cursor.next()
    if not letter:
        cursor.fail("the pattern ends in a backslash; write `\\\\` to match one", start)
    if letter in ESCAPES:
        cursor.at += 1
        return ESCAPES[letter]
    if match := cursor.take_match(OCTAL):
        return int(match[0], 8)
    if match := cursor.take_match(HEX):
        code = int(match[1] or match[2], 16)
        if code <= 0x10FFFF:
            return code
        cursor.fail("there is no such code point; the last one is \\x{10FFFF}", start)
    if letter.isascii() and not letter.isalnum():
        return cursor.character()
    cursor.fail(BAD_ESCAPES.get(letter, f"there is no escape `\\{letter}`"), start)


def named(cursor: Cursor, folds: bool) -> Ranges | None:
    r"""`\d`, `\pL`, `\p{Greek}` and the like, if one is next; it is then read."""
    if not cursor.starts("\\"):
        return None
    letter = cursor.next(1)
    if letter in ("p", "P"):
        return _unicode(cursor, folds, negated=letter == "P")
    ranges = PERL.get(letter.lower())
    if ranges is None:
        return None
    cursor.at += 2
    return _signed(ranges, folds, letter.isupper())


def bracketed(cursor: Cursor, folds: bool) -> Ranges:
    """The class in brackets that is next."""
    start = cursor.at
    cursor.at += 1
    negated = cursor.take("^")
    parts: list[tuple[int, int]] = []
    first = True
    while first or not cursor.starts("]"):
        if cursor.ended:
            cursor.fail(UNCLOSED, start)
        parts += _part(cursor, folds, start)
        first = False
    cursor.at += 1
    ranges = union(parts)
    return complement(ranges) if negated else ranges


def _part(cursor: Cursor, folds: bool, start: int) -> Ranges:
    posix = _posix(cursor, folds)
    if posix is not None:
        return posix
    known = named(cursor, folds)
    if known is not None:
        return known
    at = cursor.at
    low = high = _end_of_range(cursor, start)
    if cursor.starts("-") and cursor.next(1) not in ("", "]"):
        cursor.at += 1
        high = _end_of_range(cursor, start)
    if high < low:
        cursor.fail("this range ends before it begins", at)
    ranges: Ranges = ((low, high),)
    return fold(ranges) if folds else ranges


def _end_of_range(cursor: Cursor, start: int) -> int:
    if cursor.ended:
        cursor.fail(UNCLOSED, start)
    return escape(cursor) if cursor.starts("\\") else cursor.character()


def _posix(cursor: Cursor, folds: bool) -> Ranges | None:
    close = cursor.pattern.find(":]", cursor.at + 2) if cursor.starts("[:") else -1
    if close < 0:
        return None
    name = cursor.pattern[cursor.at + 2 : close]
    ranges = POSIX.get(name.removeprefix("^"))
    if ranges is None:
        cursor.fail(f"there is no class `[:{name}:]`; the names are {', '.join(POSIX)}")
    cursor.at = close + 2
    return _signed(ranges, folds, name.startswith("^"))


def _unicode(cursor: Cursor, folds: bool, negated: bool) -> Ranges:
    name, end = cursor.next(2), cursor.at + 3
    if name == "{":
        close = cursor.pattern.find("}", end)
        if close < 0:
            cursor.fail("this class is never closed; add `}`")
        name, end = cursor.pattern[end:close], close + 1
    if name.startswith("^"):
        name, negated = name[1:], not negated
    ranges = unicode_class(name)
    if ranges is None:
        cursor.fail(
            f"there is no Unicode class `{name}`; give a general category such as `Lu`"
            " or the full name of a script such as `Greek`"
        )
    cursor.at = end
    return _signed(ranges, folds, negated)


def _signed(ranges: Ranges, folds: bool, negated: bool) -> Ranges:
    folded = fold(ranges) if folds else ranges
    return complement(folded) if negated else folded
