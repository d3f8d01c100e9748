"""Texts that may be read as others: words named, so that an approver looks closely. Pure.

Must not know where a text stands. A name for what Unicode calls confusable (TS 39): words that mix
scripts, words of letters that all look like Latin ones, digits of other scripts, letters that turn
the order of what stands beside them.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice

LONGEST_WORD = 64
"""Characters of a flagged word that are repeated in its flag."""

MOST_WORDS = 10
"""Words of one text that are named: what an agent writes must not grow into a page of flags."""

MORE_WORDS = "more words may be read as others"

RIGHT_TO_LEFT = (
    "it has letters that are written from right to left: what is shown beside them may stand in "
    "another order"
)

EAST_ASIAN = frozenset({"BOPOMOFO", "CJK", "HANGUL", "HIRAGANA", "KATAKANA"})
"""Scripts that are written together, and with Latin (Unicode TS 39, highly restrictive)."""

UNSCRIPTED = frozenset({"FEMININE", "MASCULINE", "MICRO", "MODIFIER"})
"""First words of letter names that name no script."""

LIKE_LATIN = frozenset(
    "асԁеһіјкӏорԛѕԝхуѵҽпгьАВЕКМНОРСТХУІЅЈԌԚԜҮӀ"  # Cyrillic
    "αινορυκτωχγΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"  # Greek
    "ցհոսօՕՍՏԼ"  # Armenian
    "ᎠᎡᎢᎥᎩᎪᎫᎬᎳᎷᎻᎽᏀᏂᏃᏏᏒᏔᏕᏙᏚᏞᏟᏢᏦᏧᏴ"  # noqa: RUF001  # Cherokee
)
"""Letters that pass for Latin ones in common fonts (Unicode TS 39, confusables)."""


def doubts(text: str) -> tuple[str, ...]:
    """One sentence for each word that may be read as another, as a Cyrillic one that looks Latin.

    In the sentence every letter that is not ASCII is written as `\\u{..}`. The last of many says
    that there are more.
    """
    if text.isascii():
        return ()
    found = _named(text)
    named = tuple(islice(found, MOST_WORDS))
    if next(found, None):
        named = (*named, MORE_WORDS)
    turning = any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)
    return (*named, RIGHT_TO_LEFT) if turning else named


def _named(text: str) -> Iterator[str]:
    plain = _plainly_foreign(text)
    for word in dict.fromkeys(re.findall(r"\w+", text)):
        if not word.isascii() and (what := _doubt(word, plain)):
            yield f"“{_ascii(word[:LONGEST_WORD])}” {what}"


def _plainly_foreign(text: str) -> frozenset[str]:
    """The scripts of which there are letters that nobody takes for Latin: what is written in them
    is what it seems."""
    others = (c for c in set(text) if not c.isascii() and not _is_like_latin(c))
    return _scripts("".join(others))


def _doubt(word: str, plain: frozenset[str]) -> str:
    scripts = _scripts(word)
    if len(scripts) > 1:
        return f"mixes {' and '.join(sorted(scripts))} letters"
    if any(unicodedata.category(c) == "Nd" and not c.isascii() for c in word):
        return "has digits other than 0 to 9"
    letters = [c for c in word if unicodedata.category(c).startswith("L")]
    like = all(c.isascii() or _is_like_latin(c) for c in letters)
    if like and not scripts & plain and not all(c.isascii() for c in letters):
        return "has letters that look like Latin ones"
    return ""


def _is_like_latin(letter: str) -> bool:
    compatible = unicodedata.normalize("NFKC", letter)
    return letter in LIKE_LATIN or (compatible.isascii() and compatible.isalpha())


def _ascii(word: str) -> str:
    return "".join(c if c.isascii() else f"\\u{{{ord(c):x}}}" for c in word)


def _scripts(word: str) -> frozenset[str]:
    """The scripts of a word's letters by their Unicode names, those of East Asia taken as Latin."""
    letters = (c for c in word if unicodedata.category(c).startswith("L"))
    names = {unicodedata.name(c, "UNNAMED").split()[0].split("-")[0] for c in letters}
    if names & EAST_ASIAN:
        names = (names - EAST_ASIAN) | {"LATIN"}
    return frozenset(name.capitalize() for name in names - UNSCRIPTED)
