"""Text that an agent controls, made safe to show to a person who decides on it. Pure.

Nothing may hide or reorder: what cannot be seen is written as `\\u{..}`, and what is cut says so.
What may be read as something else is `resemblance`'s. Escaping for HTML is left to whoever writes
HTML.
"""

import re
import unicodedata

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


EDGES = re.compile(r"^ +| +$| {2,}")


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


def name(text: str) -> str:
    """`visible`, with spaces written out where a reader would not see them: at an end, or several.

    For names, which stand without quotes: `amount ` is another argument than `amount`.
    """
    shown = visible(text)
    return EDGES.sub(lambda found: "\\u{20}" * len(found[0]), shown)


def block(text: str) -> str:
    """Like `visible`, with a real line break after each `\\u{a}`, for boxes of several lines."""
    return visible(text).replace("\\u{a}", "\\u{a}\n")


def shortened_name(text: str, most: int) -> str:
    """`name`, of the first so many characters; a cut says how much is missing."""
    return _with_rest(name(text[:most]), len(text) - most)


def shortened_block(text: str, most: int) -> str:
    """The same of a `block`."""
    return _with_rest(block(text[:most]), len(text) - most)


def cut(text: str, most: int) -> str:
    """At most `most` characters of the text; a cut says how much is missing."""
    return _with_rest(text[:most], len(text) - most)


def _with_rest(text: str, missing: int) -> str:
    return text if missing <= 0 else f"{text}… [{missing:,} more characters not shown]"
