"""Numbers as text, exactly; equality by type."""

import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.values import Value, equal, is_comparable, is_readable, micro_units, read_number

TEXTS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,19})?([eE][+-]?[0-9]{1,3})?", fullmatch=True
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0), ("-0", 0), ("1.10", 1.1), ("1e0", 1), ("100e-2", 1), ("0.1e1", 1), ("1E+2", 100),
        ("9007199254740993", 9007199254740993), ("18446744073709551615", 2**64 - 1),
        ("-9223372036854775808", -(2**63)), ("1e22", 1e22), ("5e-324", 5e-324),
        ("0e99999999999999999999", 0), ("0.0e-99999999999999999999", 0),
        ("100000000000000000000", 1e20), ("1.7976931348623157e308", 1.7976931348623157e308),
    ],
)  # fmt: skip
def test_a_number_is_read_where_all_readers_agree(text: str, number: int | float) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "18446744073709551616", "9007199254740993.0", "0.10000000000000000555", "1e309", "1e-324",
        "4e-324", "1e99999999999999999999", "1e-99999999999999999999", "123456789012345678.5",
        "", "01", "1.", ".5", "+1", "1e", "1e+-1", "NaN", "Infinity", "1_000", "٣", " 1", "1\n",
    ],
)  # fmt: skip
def test_a_number_that_readers_disagree_about_is_refused(text: str) -> None:
    assert read_number(text) is None


@settings(max_examples=300)
@given(TEXTS)
def test_a_number_that_is_read_is_exactly_what_was_written(text: str) -> None:
    number = read_number(text)
    if number is not None:
        assert Decimal(repr(number)) == Decimal(text)


@settings(max_examples=300)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_shortest_form_of_every_double_is_read(number: float) -> None:
    assert read_number(repr(number)) == number


@pytest.mark.parametrize(
    "text",
    ["1" * 5_000_000, "0." + "0" * 5_000_000 + "1e5000001", "1e" + "9" * 5_000_000,
     "-0." + "9" * 5_000_000, "1" + "0" * 5_000_000 + "e-5000000"],
)  # fmt: skip
def test_a_huge_token_is_read_in_linear_time(text: str) -> None:
    start = time.process_time()
    read_number(text)
    assert time.process_time() - start < 10  # digit by digit it would be minutes


def test_leading_zeros_and_exponents_that_cancel_out_are_one() -> None:
    assert read_number("0." + "0" * 400 + "1e401") == 1
    assert read_number("1" + "0" * 400 + "e-400") == 1


@pytest.mark.parametrize(
    ("number", "comparable"),
    [(2**53 - 1, True), (1 - 2**53, True), (2**53, False), (-(2**53), False), (2**64 - 1, False),
     (1e17, False), (1e20, True), (0.5, True), (-1e300, True)],
)  # fmt: skip
def test_integers_that_some_servers_round_are_not_comparable(
    number: int | float, comparable: bool
) -> None:
    assert is_comparable(number) is comparable


def test_an_unreadable_number_is_found_at_any_depth() -> None:
    value: Value = 2**60
    for _ in range(5000):
        value = [{"a": value}]
    assert not is_readable(value)
    assert is_readable([{"a": [1, 0.5, True, None, "x"]}])


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [(1, 1.0, True), (1, True, False), (0, False, False), ("5", 5, False), (None, False, False),
     ([1, 2], [1.0, 2], True), ([1, 2], [2, 1], False), ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
     ({"a": True}, {"a": 1}, False), ([], {}, False), ("é", "e\u0301", False), (0.0, -0.0, True)],
)  # fmt: skip
def test_equality_is_typed_and_by_value(left: Value, right: Value, same: bool) -> None:
    assert equal(left, right) is same
    assert equal(right, left) is same


@pytest.mark.parametrize(
    ("number", "amount"),
    [(0, 0), (1, 10**6), (0.1, 10**5), (0.000001, 1), (1e-7, None), (10**12, None), (1e300, None),
     (999_999_999_999, 999_999_999_999 * 10**6), (-1, None), (-0.0, 0), (5e-324, None)],
)  # fmt: skip
def test_amounts_are_whole_micro_units_or_nothing(number: int | float, amount: int | None) -> None:
    assert micro_units(number) == amount
