"""Numbers between numbers: one is found where there is one, and only there."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.answers.numbers import Number, between, cost_boundaries
from compiler.values import is_comparable, micro_units, read_number

doubles = st.floats(allow_nan=False, allow_infinity=False)
bounds = st.one_of(
    st.sampled_from([-math.inf, math.inf, 0, 1, 0.1, 1e-7, 5e-324, 1e300, 10**12, 2**33]),
    st.sampled_from([2**53 - 1, 1 - 2**53, 2**53 - 2, 2**64, 999999999999.5]),
    st.integers(-1000, 1000),
    doubles,
)


def usable(number: Number) -> bool:
    return is_comparable(number) and read_number(repr(number)) == number


@given(bounds, bounds)
def test_what_is_found_is_between_and_can_be_sent(low: Number, high: Number) -> None:
    found = between(low, high)
    assert found is None or (low < found < high and usable(found))


@given(bounds, bounds, st.one_of(doubles, st.integers(-(2**53), 2**53)))
def test_none_is_found_only_where_there_is_none(low: Number, high: Number, other: Number) -> None:
    if low < other < high and usable(other):
        assert between(low, high) is not None


@given(bounds, bounds, doubles)
def test_costs_are_found_on_both_sides_of_what_a_cost_can_be(
    low: Number, high: Number, other: Number
) -> None:
    found = [*cost_boundaries(low, high)]
    assert all(low < one < high and usable(one) for one in found)
    plain = between(low, high)
    kinds = {micro_units(one) is None for one in [*found, *([] if plain is None else [plain])]}
    if low < other < high and usable(other):
        assert (micro_units(other) is None) in kinds


@pytest.mark.parametrize(
    "low, high, wanted",
    [
        (500, 1000, 501),
        (500, math.inf, 501),
        (-math.inf, 500, 499),
        (500, 501, 500.1),
        (0, 0.1, 0.01),
        (0.1, 0.2, 0.11),
        (0, 5e-324, None),
        (2**53 - 1, math.inf, 2.0**64),
        (2**53 - 1, 2**64, None),
        (-math.inf, 1 - 2**53, math.nextafter(-(2.0**63), -math.inf)),
        (1.7976931348623157e308, math.inf, None),
    ],
)
def test_numbers_at_the_edges(low: Number, high: Number, wanted: Number | None) -> None:
    found = between(low, high)
    if wanted is not None and abs(wanted) > 2**53:
        assert found is not None and low < found < high
    else:
        assert found == wanted
