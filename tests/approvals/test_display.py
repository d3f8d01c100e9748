"""Text of agents, shown to people."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.values import Value
from handler.approvals.display import block, cut, name, visible
from handler.approvals.listing import Bounds, Listing, listing, part
from handler.approvals.pages.question import question
from handler.approvals.resemblance import RIGHT_TO_LEFT, doubts
from handler.approvals.summary import summarise
from handler.entry.asgi import LARGEST_BODY
from tests.stores import samples


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


LIKE_LATIN = "has letters that look like Latin ones"


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
        (
            "\u0440\u0430\u0443.com",
            ("“\\u{440}\\u{430}\\u{443}” " + LIKE_LATIN,),
        ),
        ("\u041d\u041e", ("“\\u{41d}\\u{41e}” " + LIKE_LATIN,)),
        ("\U0001d699\U0001d68a", ("“\\u{1d699}\\u{1d68a}” " + LIKE_LATIN,)),
        ("\u043e\u043d \u0441\u043e \u043c\u043d\u043e\u0439", ()),
        ("\u09ea00 usd", ("“\\u{9ea}00” has digits other than 0 to 9",)),
        ("10 \u05d0 9000 \u05d1", (RIGHT_TO_LEFT,)),
    ],
)
def test_a_word_that_may_be_read_as_another_is_named(text: str, flags: tuple[str, ...]) -> None:
    assert doubts(text) == flags


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("amount ", "amount\\u{20}"),
        (" a", "\\u{20}a"),
        ("a  b", "a\\u{20}\\u{20}b"),
        ("a b", "a b"),
    ],
)
def test_a_name_shows_the_spaces_that_make_it_another_one(text: str, shown: str) -> None:
    assert name(text) == shown


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


WIDEST: dict[str, dict[str, Value]] = {
    "invisible characters": {"text": "\U000e0100" * 600_000},
    "quotes": {"text": '"' * 2_500_000},
    "letters of four bytes": {"text": "\U00010437" * 600_000},
    "line breaks": {"text": "\n" * 1_250_000},
    "mixed words": {"text": "p\u0430 " * 600_000},
    "short mixed texts": {"list": [f"p\u0430{number}" for number in range(150_000)]},
    "numbers": {"list": [0] * 300_000},
    "long names": {"\u202e" * 300_000 + str(number): 1 for number in range(2)},
    "many names": {f"\u202ea{number}": "" for number in range(150_000)},
}
"""Arguments of some 2.5 MB, each as wide as it can be once it is shown."""


@pytest.mark.parametrize("what", WIDEST)
def test_every_part_of_the_largest_call_fits_an_answer_of_lambda(what: str) -> None:
    held = samples.approval()
    parts = part(WIDEST[what], 1).parts
    for number in {1, parts}:
        summary = summarise(held, part(WIDEST[what], number), [])
        assert len(question(summary, "0" * 64, 0).body) < LARGEST_BODY


def test_parts_leave_nothing_out_and_repeat_nothing() -> None:
    arguments: dict[str, Value] = {
        "text": "".join(f"{number}," for number in range(60_000)),
        "n" * 500: [{"deep": number} for number in range(1_500)],
        "none": None,
    }
    first = part(arguments, 1)
    lines = [line for n in range(first.parts) for line in part(arguments, n + 1).lines]
    texts = [line.text for line in lines]
    assert "".join(text.strip('"') for text in texts if "," in text) == arguments["text"]
    assert [text for text in texts if text.isdecimal()] == [str(n) for n in range(1_500)]
    assert ("n" * 500 in texts[-3003]) and texts[-1] == "null"
    assert len(lines) == -(-len(str(arguments["text"])) // 10_000) + 1 + 1 + 3_000 + 1


def test_a_call_without_arguments_has_one_part() -> None:
    assert part({}, 1) == part({}, 7) == Listing(())
