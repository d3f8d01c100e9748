"""What an automaton finds is what RE2 finds."""

# ruff: noqa: RUF001 (look-alike characters are what case folding is tested with)

import re
from functools import cache

import pytest
from hypothesis import example, given, seed, settings
from hypothesis import strategies as st

from compiler.regex import Dfa, PatternError, compile
from compiler.regex.ranges import fold, unicode_class
from compiler.regex.unicode_data import CLASSES
from tests.compiler.regex.oracle import OURS_ONLY, accepted, compiled, found, matches
from tests.compiler.regex.strategies import counted, patterns, scraps, texts, three_letters

TEXTS = [
    "", "a", "b", "aa", "ab", "ba", "aaa", "\n", "a\n", "\na", "a\nb", "a\n\nb", "\n\n", " ", "a b",
    "K", "k", "\u212a", "s", "S", "ſ", "ß", "ẞ", "ss", "é", "aé", "éa", "éé", "e\u0301", "Ω", "ω",
    "σ", "ς", "Σ", "漢", "😀", "\U0010ffff", "\x00", "\x7f", "\x80", "\u07ff", "\u0800", "\ud7ff",
    "\ue000", "\uffff", "\U00010000", "x_1", "foo bar", "foobar", "123-45-6789", "a.b", "abc" * 40,
    "\r\n", "\v", "\u2028", "\u00a0", "İ", "i", "I", "ı", "\U00010400", "\U00010428", "ᲀ", "в", "Ʞ",
]  # fmt: skip

PATTERNS = [
    "", "^", "$", "^$", "()", "a*", "(|a)+", "(a*)*", "(a*)+", "(?:a?){3}b", "(?:){5}", "(^)*a",
    "(?:$)*", "(?:\\b)+a", "(a|b|)*$", "^(?:a|aa)+$", "a{2}", "a{2,}", "^a{0,2}$", "(?:ab?){2,3}$",
    ".", "^.$", "^..$", "(?s)^.$", "(?s).", "a.b", "(?s)a.b", "[^a]", "^[^a]$", r"[^\n]", r"[\s\S]",
    "(?m)^a", "(?m)a$", "(?m)^$", "(?m)^b$", "(?-m)^b", "a$", r"a\z", r"\Aa", r"\n\z", "(?m)$\n^b",
    "(?i)k", "(?i)K", "(?i)\u212a", "(?i)s", "(?i)ſ", "(?i)ß", "(?i)ẞ", "(?i)[k]", "(?i)[^k]",
    "(?i)[a-z]", "(?i)[^a-z]", "(?i)σ", "(?i)[ς]", r"(?i)\x{10400}", "(?i)в", r"(?i)\pL",
    r"(?i)\p{Lu}", r"(?i)\P{Lu}", r"(?i)[^\p{Lu}]", r"(?i)[[:upper:]]", "(?i)[[:^upper:]]",
    "(?i)i", "(?i)İ", "(?i)ı", r"(?i)\W", r"(?i)[\Wk]", "(?i)K(?-i)k", "[Kk]", "(?i:a)B|b",
    r"\b", r"\B", r"\ba", r"a\b", r"\bé", r"é\b", r"a\bé", r"\Bé\B", r"^\B", r"\B$", r"^\b", r"\b$",
    r"\bfoo\b", r"foo\B", r"\b\b\b", r"\b\B", r"(?m)^\b", r"(?m)\b$", r"a\B.", r"\W\b\w", r"_\b",
    r"\d", r"\D", r"^\w+$", r"^\W+$", r"\s", r"\v", "[[:space:]]", "[[:graph:]]", "[[:^ascii:]]",
    r"\pL", r"\PL", r"\pN", r"\pM", r"\p{Greek}", r"\p{Han}", r"\p{So}", r"^\p{Any}$", r"\p{Cs}",
    r"^\C$", r"^\C\C$", r"\C\z", r"^é\C", r"[\x{0}-\x{10FFFF}]", r"^[\x{80}-\x{10FFFF}]$",
    r"[\x{7F}-\x{80}]", r"^[\x{7FF}-\x{800}]$", r"^[\x{D7FF}-\x{E000}]$", r"^[\x{FFFF}-\x{10000}]$",
    r"\x{D800}", r"[\x{D800}-\x{DFFF}]", r"[^\x{0}-\x{10FFFF}]", r"a[^\s\S]|b", r"\Qa.b\E", "a|b$",
    r"\d{3}-\d{2}-\d{4}", "(foo|bar)+$", "o{1,2}b", "(?:.{0,3}b){0,3}$", "a.{0,2}b.{0,2}c",
    "(?:a(?:b(?:c)?)?)*$", "x{0,3}y{0,3}$", r"(?:\b\w{0,3}\b ?){0,2}$",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_directed_pattern_finds_what_re2_finds(pattern: str) -> None:
    automaton = compile(pattern)
    for text in TEXTS:
        assert automaton.search(text) == found(pattern, text), (pattern, text)


@pytest.mark.parametrize("name", ["Any", *CLASSES])
def test_a_unicode_class_has_the_members_it_has_in_re2(name: str) -> None:
    ours, pattern = compile(rf"\p{{{name}}}"), rf"\p{{{name}}}"
    edges = {edge + by for pair in unicode_class(name) or () for edge in pair for by in (-1, 0, 1)}
    for code in sorted(edges | set(range(0, 0x110000, 4999))):
        if code in range(0x110000) and code not in range(0xD800, 0xE000):
            assert ours.search(chr(code)) == found(pattern, chr(code)), hex(code)


@cache
def everything() -> str:
    """Every character once."""
    return "".join(chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)


@pytest.mark.full
@pytest.mark.parametrize("name", CLASSES)
def test_a_unicode_class_has_every_member_it_has_in_re2(name: str) -> None:
    theirs = "".join(matches(rf"\p{{{name}}}+", everything()))
    ranges = unicode_class(name) or ()
    ours = "".join(chr(code) for low, high in ranges for code in range(low, high + 1))
    assert re.sub("[\ud800-\udfff]", "", ours) == theirs


@pytest.mark.full
def test_case_folding_is_that_of_re2_for_every_character() -> None:
    folding = [code for code in range(0x110000) if fold(((code, code),)) != ((code, code),)]
    assert len(folding) > 2_000
    for code in folding:
        theirs = matches(rf"(?i)\x{{{code:X}}}", everything())
        ours = [chr(c) for low, high in fold(((code, code),)) for c in range(low, high + 1)]
        assert ours == theirs, hex(code)


def check(pattern: str, samples: list[str]) -> None:
    """We take what RE2 takes, our bounds apart, and find what it finds."""
    automaton = compiled(pattern)
    if isinstance(automaton, PatternError):
        assert not accepted(pattern) or any(word in automaton.message for word in OURS_ONLY), (
            pattern,
            automaton.message,
        )
        return
    assert accepted(pattern), pattern
    assert Dfa.decode(automaton.encode()) == automaton
    for text in samples:
        assert automaton.search(text) == found(pattern, text), (pattern, text)


QUICK = settings(max_examples=300)


@QUICK
@given(patterns, st.lists(texts, min_size=4, max_size=12))
@example(r"(?:\b|a)*(?m)$", ["", "a", "\n"])
def test_a_generated_pattern_finds_what_re2_finds(pattern: str, samples: list[str]) -> None:
    check(pattern, samples)


@QUICK
@given(counted, st.lists(three_letters, min_size=8, max_size=16))
@example("a.{0,3}b", ["aacccb", "acccb", "accccb"])
@example("a(?:.{0,2}b){0,2}a$", ["aaccbcba", "aabccba"])
def test_overlapping_copies_of_optional_parts_find_what_re2_finds(
    pattern: str, samples: list[str]
) -> None:
    check(pattern, samples)


@QUICK
@given(scraps)
def test_scraps_of_syntax_are_taken_and_refused_as_by_re2(pattern: str) -> None:
    check(pattern, ["", "a", "ab\n"])


@pytest.mark.full
@seed(20261121)
@settings(max_examples=10_000)
@given(patterns, st.lists(texts, min_size=4, max_size=12))
def test_many_generated_patterns_find_what_re2_finds(pattern: str, samples: list[str]) -> None:
    check(pattern, samples)


@pytest.mark.full
@seed(20261121)
@settings(max_examples=10_000)
@given(counted, st.lists(three_letters, min_size=8, max_size=16))
def test_many_overlapping_copies_of_optional_parts_find_what_re2_finds(
    pattern: str, samples: list[str]
) -> None:
    check(pattern, samples)


@pytest.mark.full
@seed(20261121)
@settings(max_examples=20_000)
@given(scraps)
def test_many_scraps_of_syntax_are_taken_and_refused_as_by_re2(pattern: str) -> None:
    check(pattern, ["", "a", "ab\n"])
