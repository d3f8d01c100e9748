"""Text of agents, shown to people."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.values import Value
from handler.approvals.display import block, cut, mixed_words, visible
from handler.approvals.listing import Bounds, listing


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb", "a\\u{202e}b"),
        ("a\u2066b\u2069", "a\\u{2066}b\\u{2069}"),
        ("a\u200bb", "a\\u{200b}b"),
        ("a\x00\x1b[31m", "a\\u{0}\\u{1b}[31m"),
        ("a\r\nb", "a\\u{d}\\u{a}b"),
        ("a\u00a0b", "a\\u{a0}b"),
        ("\ue000", "\\u{e000}"),
        ("\U000f0000", "\\u{f0000}"),
        ("\ufe0f", "\\u{fe0f}"),
        ("\u3164", "\\u{3164}"),
        ("\U000e0041", "\\u{e0041}"),
        ("\u2028", "\\u{2028}"),
        ("\ud800", "\\u{d800}"),
        ("Zürich 東京 £5", "Zürich 東京 £5"),
        ("\\u{202e}", "\\u{5c}u{202e}"),
        ("C:\\users", "C:\\users"),
        ("e\u0301\u0301\u0301", "e\u0301\u0301\\u{301}"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_nothing_shown_is_a_control_a_direction_or_invisible(text: str) -> None:
    hidden = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}
    assert not {unicodedata.category(c) for c in visible(text)} & hidden


@given(st.text(), st.text())
def test_texts_that_differ_are_shown_differently(one: str, other: str) -> None:
    assert (visible(one) == visible(other)) is (one == other)


def test_a_block_breaks_lines_and_says_so() -> None:
    assert block("a\nb") == "a\\u{a}\nb"


def test_a_cut_says_how_much_is_missing() -> None:
    assert cut("abc", 3) == "abc"
    assert cut("a" * 1500, 3) == "aaa… [1,497 more characters not shown]"


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("pay p\u0430ypal now", ("“p\\u{430}ypal” mixes Cyrillic and Latin letters",)),
        ("\u03b1bc", ("“\\u{3b1}bc” mixes Greek and Latin letters",)),
        ("plain words, Zürich", ()),
        ("оплата paypal", ()),
        ("Pythonを使う", ()),
        ("5µg", ()),
        ("\uff41pay", ("“\\u{ff41}pay” mixes Fullwidth and Latin letters",)),
    ],
)
def test_a_word_that_mixes_scripts_is_named(text: str, flags: tuple[str, ...]) -> None:
    assert mixed_words(text) == flags


def test_every_name_and_value_is_listed_with_its_depth() -> None:
    arguments: dict[str, Value] = {
        "amount": 10,
        "code": "10",
        "to": {"name": "Ann", "tags": ["a", None]},
        "empty": {},
        "none": [],
    }
    lines = [
        (line.depth, line.name, line.text) for line in listing(arguments, Bounds(50, 50)).lines
    ]
    assert lines == [
        (0, "amount", "10"),
        (0, "code", '"10"'),
        (0, "to", ""),
        (1, "name", '"Ann"'),
        (1, "tags", ""),
        (2, "[0]", '"a"'),
        (2, "[1]", "null"),
        (0, "empty", "{}"),
        (0, "none", "[]"),
    ]


def test_a_listing_says_how_many_lines_and_characters_are_missing() -> None:
    long = listing({"body": "x" * 60, "list": list(range(10))}, Bounds(5, 50))
    assert long.lines[0].text == f'"{"x" * 50}… [10 more characters not shown]"'
    assert (len(long.lines), long.omitted) == (5, 7)


def test_names_are_as_safe_as_values() -> None:
    (line,) = listing({"am\u202eount p\u0430y": 1}, Bounds(5, 50)).lines
    assert line.name == "am\\u{202e}ount p\u0430y"
    assert line.flags == ("“p\\u{430}y” mixes Cyrillic and Latin letters",)
