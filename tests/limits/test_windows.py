"""Windows are aligned stretches of UTC time."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.verdict import Window
from handler.limits import windows


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("window", "now", "start", "end"),
    [
        ("1", "2026-11-20T10:20:30", "2026-11-20T10:20:30", "2026-11-20T10:20:31"),
        ("60", "2026-11-20T10:20:30", "2026-11-20T10:20:00", "2026-11-20T10:21:00"),
        ("60", "2026-11-20T10:20:59", "2026-11-20T10:20:00", "2026-11-20T10:21:00"),
        ("60", "2026-11-20T10:21:00", "2026-11-20T10:21:00", "2026-11-20T10:22:00"),
        ("3600", "2026-11-20T10:20:30", "2026-11-20T10:00:00", "2026-11-20T11:00:00"),
        ("86400", "2026-11-20T23:59:59", "2026-11-20T00:00:00", "2026-11-21T00:00:00"),
        ("week", "2026-11-22T23:59:59", "2026-11-16T00:00:00", "2026-11-23T00:00:00"),
        ("week", "2026-11-23T00:00:00", "2026-11-23T00:00:00", "2026-11-30T00:00:00"),
        ("month", "2026-12-31T23:59:59", "2026-12-01T00:00:00", "2027-01-01T00:00:00"),
        ("month", "2028-02-29T12:00:00", "2028-02-01T00:00:00", "2028-03-01T00:00:00"),
        ("month", "2027-01-01T00:00:00", "2027-01-01T00:00:00", "2027-02-01T00:00:00"),
    ],
)
def test_a_window_starts_and_ends_where_the_language_says(
    window: str, now: str, start: str, end: str
) -> None:
    assert windows.bounds(Window(window), utc(now)) == (utc(start), utc(end))


def test_the_last_fraction_of_a_second_is_still_in_the_window() -> None:
    boundary = utc("2026-12-01T00:00:00")
    for window in ("1", "60", "month"):
        assert windows.bounds(Window(window), boundary - 1e-6)[1] == boundary
        assert windows.bounds(Window(window), boundary)[0] == boundary


@given(
    st.sampled_from(["1", "7", "60", "3600", "86400", "31622400", "week", "month"]),
    st.floats(min_value=0, max_value=4e9),
)
def test_every_moment_is_in_exactly_one_window(name: str, now: float) -> None:
    window = Window(name)
    start, end = windows.bounds(window, now)
    assert start <= now < end
    assert windows.bounds(window, start) == (start, end)
    assert windows.bounds(window, end)[0] == end
