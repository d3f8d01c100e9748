"""When the embedded world cleans its store: beside the calls, and not on a clock that jumps."""

import logging

import pytest

from handler.clock import FixedClock
from handler.entry.cleaning import STEADY_SECONDS, Cleaning, Evenness
from handler.stores.base import StoreUnavailable

NOW = 1_795_176_000.0
DAY = 86_400.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Sweeps:
    """Stands for the store: has so many steps to make."""

    def __init__(self, steps: int) -> None:
        self.left, self.asked = steps, set[tuple[float, float | None]]()

    async def __call__(self, now: float, kept: float | None) -> bool:
        self.asked.add((now, kept))
        self.left -= 1
        return self.left > 0


@pytest.mark.anyio
@pytest.mark.parametrize(("days", "kept"), [(90, 90 * DAY), (0, None)])
async def test_a_round_goes_on_until_nothing_is_left(days: int, kept: float | None) -> None:
    sweeps = Sweeps(3)
    await Cleaning(sweeps, FixedClock(NOW), days).round()
    assert (sweeps.left, sweeps.asked) == (0, {(NOW, kept)})


@pytest.mark.anyio
async def test_a_store_that_is_away_ends_the_round_and_not_the_cleaning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def away(now: float, kept: float | None) -> bool:
        raise StoreUnavailable("the store is closed")

    with caplog.at_level(logging.WARNING):
        await Cleaning(away, FixedClock(NOW), 90).round()
    assert "could not be cleaned: the store is closed" in caplog.text


def looks(*times: tuple[float, float]) -> list[bool]:
    """What a clock that tells these times, at these ticks, is believed."""
    evenness = Evenness()
    return [evenness.lasts(NOW + told, ticks) for told, ticks in times]


def test_a_clock_is_believed_once_it_went_evenly_for_a_while() -> None:
    assert looks((0, 0), (60, 60), (STEADY_SECONDS, STEADY_SECONDS)) == [False, False, True]


def test_a_clock_that_jumped_is_not_believed_until_it_goes_evenly_again() -> None:
    late = 2 * STEADY_SECONDS
    before, jump, back = (late, late), (late + 3 * DAY, late + 60), (late + 120, late + 120)
    assert looks((0, 0), before, jump, back) == [False, True, False, False]
    lasting = (back[0] + STEADY_SECONDS, back[1] + STEADY_SECONDS)
    assert looks((0, 0), before, jump, back, lasting)[-1]


def test_a_clock_that_is_led_back_slowly_goes_evenly() -> None:
    led = [(minute * 61.0, minute * 60.0) for minute in range(30)]
    assert looks(*led)[-1]
