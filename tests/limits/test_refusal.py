"""What an agent reads when a tally is full."""

import pytest

from compiler.names import amount_text
from compiler.verdict import Charge, Place, Scope, Window
from handler.limits.debits import Debit
from handler.limits.refusal import refusal

CHARGE = Charge(
    place=Place("/tools/pay/limits/spend", 0, 7),
    owner="tools/pay",
    counter="spend",
    window=Window("86400"),
    scope=Scope.GRANT,
    maximum=2_000_000_000,
    cost=20_500_000,
    per=None,
    shards=1,
    message="Spending is capped.",
)


def debit(cost: int = 20_500_000) -> Debit:
    return Debit(Scope.GRANT, "g1", "k", cost, 2_000_000_000, ends_at=1000.0)


def test_a_full_limit_says_what_is_left_and_when_it_starts_again() -> None:
    answer = refusal(CHARGE, debit(), 1_990_000_000, now=899.5)
    assert (answer.retry_after, answer.remaining) == (101, "10")
    assert answer.message == (
        "Spending is capped. This call takes 20.5 and 10 is left; the limit starts again in 101 s."
    )


def test_a_call_that_never_fits_is_not_told_to_wait() -> None:
    answer = refusal(CHARGE, debit(2_000_000_001), 0, now=0)
    assert (answer.retry_after, answer.remaining) == (None, "2000")
    assert "2000.000001, more than the limit ever admits" in answer.message


@pytest.mark.parametrize("now", [999.999, 1000.0, 1200.0])
def test_the_wait_is_never_less_than_a_second(now: float) -> None:
    assert refusal(CHARGE, debit(), 1_990_000_000, now=now).retry_after == 1


def test_a_lowered_maximum_leaves_nothing_rather_than_less() -> None:
    assert refusal(CHARGE, debit(), 3_000_000_000, now=0).remaining == "0"


@pytest.mark.parametrize(
    ("micro_units", "text"),
    [
        (0, "0"), (1, "0.000001"), (500_000, "0.5"), (1_000_000, "1"), (10_000_000, "10"),
        (10**18 - 1, "999999999999.999999"),
    ],
)  # fmt: skip
def test_micro_units_read_as_plain_decimals(micro_units: int, text: str) -> None:
    assert amount_text(micro_units) == text
