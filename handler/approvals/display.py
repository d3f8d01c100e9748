"""Text that an agent controls, made safe to show to a person who decides on it. Pure.

Nothing may hide, reorder or imitate: what cannot be seen is written as `\\u{..}`, words that mix
scripts are named, and what is cut says so. Escaping for HTML is left to whoever writes HTML.
"""

import re
import unicodedata
from itertools import islice

INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)
"""Letters, marks and symbols that leave no ink, although their category says otherwise."""

HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Control, format (bidi and zero-width), unassigned, private use, surrogate, separators."""

MARKS_SHOWN = 2
"""Combining marks on one letter; more would paint over the lines around."""

LONGEST_WORD = 64
"""Characters of a flagged word that are repeated in its flag."""

MOST_WORDS = 10
"""Words of one text that are named: what an agent writes must not grow into a page of flags."""

MORE_WORDS = "more words mix letters of several scripts"

EAST_ASIAN = frozenset({"BOPOMOFO", "CJK", "HANGUL", "HIRAGANA", "KATAKANA"})
"""Scripts that are written together, and with Latin (Unicode TS 39, highly restrictive)."""

UNSCRIPTED = frozenset({"FEMININE", "MASCULINE", "MICRO", "MODIFIER"})
"""First words of letter names that name no script."""


def visible(text: str) -> str:
    """The text with everything unseen written as `\\u{..}`, line breaks included.

    A backslash that would read as such an escape is written as one itself.
    """
    shown, marks = [], 0
    for character in text.replace("\\u{", "\\u{5c}u{"):
        marks = marks + 1 if unicodedata.category(character).startswith("M") else 0
        hidden = is_hidden(character) or marks > MARKS_SHOWN
        shown.append(f"\\u{{{ord(character):x}}}" if hidden else character)
    return "".join(shown)


def is_hidden(character: str) -> bool:
    """Whether the character leaves no ink of its own, or changes how others are laid out."""
    category = unicodedata.category(character)
    return (
        category in HIDDEN_CATEGORIES
        or character in INVISIBLE
        or (category == "Zs" and character != " ")
    )


def block(text: str) -> str:
    """Like `visible`, with a real line break after each `\\u{a}`, for boxes of several lines."""
    return visible(text).replace("\\u{a}", "\\u{a}\n")


def shortened(text: str, most: int) -> str:
    """`visible`, of the first so many characters; a cut says how much is missing."""
    return _with_rest(visible(text[:most]), len(text) - most)


def shortened_block(text: str, most: int) -> str:
    """The same as a `block`."""
    return _with_rest(block(text[:most]), len(text) - most)


def cut(text: str, most: int) -> str:
    """At most `most` characters of the text; a cut says how much is missing."""
    return _with_rest(text[:most], len(text) - most)


def _with_rest(text: str, missing: int) -> str:
    return text if missing <= 0 else f"{text}… [{missing:,} more characters not shown]"


def mixed_words(text: str) -> tuple[str, ...]:
    """One sentence for each word that mixes scripts, such as a Latin word with a Cyrillic letter.

    In the sentence every letter that is not ASCII is written as `\\u{..}`. The last of many says
    that there are more.
    """
    words = (word for word in dict.fromkeys(re.findall(r"\w+", text)) if not word.isascii())
    mixed = ((word, scripts) for word in words if len(scripts := _scripts(word)) > 1)
    named = tuple(
        f"“{_ascii(word[:LONGEST_WORD])}” mixes {' and '.join(sorted(scripts))} letters"
        for word, scripts in islice(mixed, MOST_WORDS)
    )
    return (*named, MORE_WORDS) if next(mixed, None) else named


def _ascii(word: str) -> str:
    return "".join(c if c.isascii() else f"\\u{{{ord(c):x}}}" for c in word)


def _scripts(word: str) -> frozenset[str]:
    """The scripts of a word's letters by their Unicode names, those of East Asia taken as Latin."""
    letters = (c for c in word if unicodedata.category(c).startswith("L"))
    names = {unicodedata.name(c, "UNNAMED").split()[0].split("-")[0] for c in letters}
    if names & EAST_ASIAN:
        names = (names - EAST_ASIAN) | {"LATIN"}
    return frozenset(name.capitalize() for name in names - UNSCRIPTED)
