"""The shards of a split limit: what each owns, and which of them a call takes from."""

import random
from collections import Counter

import pytest

from handler.limits.shards import MOST_HANDS, ONE, Dealer, owned


@pytest.mark.parametrize("shards", range(2, 33))
@pytest.mark.parametrize("calls", [32, 33, 100, 1_000, 999_999_999_999])
def test_what_the_shards_own_adds_up_to_the_maximum_and_differs_by_one_call(
    shards: int, calls: int
) -> None:
    parts = [owned(calls * ONE, shards, shard) for shard in range(shards)]
    assert sum(parts) == calls * ONE
    assert parts == sorted(parts, reverse=True)
    assert parts[0] - parts[-1] in (0, ONE)
    assert parts[-1] >= ONE


def test_half_a_call_admits_none_in_any_shard() -> None:
    assert [owned(7_500_000, 4, shard) for shard in range(4)] == [2 * ONE, 2 * ONE, 2 * ONE, ONE]


@pytest.mark.parametrize("shard", [-1, 4])
def test_a_shard_that_is_not_there_owns_nothing(shard: int) -> None:
    with pytest.raises(ValueError, match="no shard"):
        owned(100 * ONE, 4, shard)


def chance() -> Dealer:
    return Dealer(random.Random(7).randrange)


def test_every_round_deals_each_shard_once_in_an_order_of_its_own() -> None:
    dealer = chance()
    rounds = [[dealer.deal("limit", 8) for _ in range(8)] for _ in range(20)]
    assert all(sorted(each) == list(range(8)) for each in rounds)
    assert len({tuple(each) for each in rounds}) == 20


def test_calls_that_take_nothing_wear_out_no_shard() -> None:
    """Every other deal is of a call that another limit denies: the rest still meet all shards."""
    dealer = chance()
    dealt = [dealer.deal("limit", 2) for _ in range(4_000)]
    kept = Counter(dealt[::2])
    assert abs(kept[0] - kept[1]) < 200


def test_each_limit_and_each_number_of_shards_has_a_hand_of_its_own() -> None:
    dealer = chance()
    dealt = Counter((name, dealer.deal(name, 2)) for _ in range(10) for name in ("a", "b"))
    assert dealt == dict.fromkeys([("a", 0), ("a", 1), ("b", 0), ("b", 1)], 5)
    dealer.deal("a", 32)
    assert {dealer.deal("a", 2) for _ in range(40)} == {0, 1}


def test_however_many_limits_there_are_few_hands_are_kept() -> None:
    dealer = chance()
    for number in range(MOST_HANDS + 10):
        dealer.deal(number, 2)
    assert len(dealer._hands) <= MOST_HANDS
