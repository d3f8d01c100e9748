"""The debits of a call: which tally each of its charges counts on."""

import base64
import random
from collections import Counter
from dataclasses import replace

import pytest

from compiler.values import Value
from compiler.verdict import Charge, Place, Scope, Window
from handler.limits.debits import Debit
from handler.limits.plan import debits
from handler.limits.shards import Dealer

CHARGE = Charge(
    place=Place("/tools/pay/limits/spend", 0, 7),
    owner="tools/pay",
    counter="spend",
    window=Window("86400"),
    scope=Scope.GRANT,
    maximum=2_000_000_000,
    cost=1_000_000,
    per=None,
    shards=1,
    message="",
)
NOON = 1_795_176_000.0  # 2026-11-20T12:00:00Z
KEY = b"k" * 32
SPLIT = replace(CHARGE, scope=Scope.SERVER, maximum=10_000_000, shards=4)


def plan(
    *charges: Charge,
    grant_id: str = "g1",
    session: str | None = "s1",
    now: float = NOON,
    per_key: bytes = KEY,
    server: str = "shop",
    dealer: Dealer | None = None,
) -> tuple[Debit, ...]:
    return debits(
        charges,
        grant_id=grant_id,
        session=session,
        server=server,
        now=now,
        per_key=per_key,
        dealer=dealer or Dealer(random.Random(1).randrange),
    )


def only(charge: Charge, **more: float | str | bytes | Dealer | None) -> Debit:
    (debit,) = plan(charge, **more)  # type: ignore[arg-type]  # the keywords of plan
    return debit


def per(*values: Value) -> Charge:
    return replace(CHARGE, per=values)


def test_each_charge_becomes_one_debit_in_order() -> None:
    first, second = plan(CHARGE, replace(CHARGE, counter="calls", cost=5, maximum=9))
    assert (first.cost, first.maximum) == (1_000_000, 2_000_000_000)
    assert (second.cost, second.maximum) == (5, 9)
    assert first.key != second.key
    assert first.ends_at == NOON + 43_200


@pytest.mark.parametrize(
    ("scope", "session", "expected", "scope_id"),
    [
        (Scope.GRANT, "s1", Scope.GRANT, "g1"),
        (Scope.SESSION, None, Scope.GRANT, "g1"),
        (Scope.SERVER, "s1", Scope.SERVER, "shop"),
        (Scope.ALL, "s1", Scope.ALL, "all"),
    ],
)
def test_a_scope_says_whose_tally_it_is(
    scope: Scope, session: str | None, expected: Scope, scope_id: str
) -> None:
    debit = only(replace(CHARGE, scope=scope), session=session)
    assert (debit.scope, debit.scope_id) == (expected, scope_id)


def test_a_session_is_one_conversation_of_one_grant_and_is_not_stored_as_sent() -> None:
    charge = replace(CHARGE, scope=Scope.SESSION)
    here = only(charge, session="secret-session")
    assert here.scope is Scope.SESSION
    assert here.scope_id == only(charge, session="secret-session").scope_id
    for other in ("another", "secret-session, and more"):
        assert here.scope_id != only(charge, session=other).scope_id
    assert here.scope_id != only(charge, session="secret-session", grant_id="g2").scope_id
    as_sent = base64.urlsafe_b64encode(b"secret-session").decode().rstrip("=")
    assert "secret-session" not in here.scope_id and as_sent not in here.scope_id


@pytest.mark.parametrize(
    "other",
    [
        replace(CHARGE, owner="all_tools"),
        replace(CHARGE, counter="calls"),
        replace(CHARGE, window=Window("3600")),
        replace(CHARGE, per=("a",)),
        replace(CHARGE, owner="tools/payspend", counter=""),
    ],
)
def test_owner_counter_window_and_per_name_the_tally(other: Charge) -> None:
    assert only(other).key != only(CHARGE).key


def test_an_edit_of_maximum_cost_place_or_message_keeps_the_tally() -> None:
    edited = replace(CHARGE, maximum=1, cost=0, place=Place("/elsewhere"), message="no")
    assert only(edited).tally == only(CHARGE).tally


def test_the_next_window_is_another_tally() -> None:
    midnight = NOON + 43_200
    assert only(CHARGE, now=midnight - 0.001).key == only(CHARGE).key
    assert only(CHARGE, now=midnight).key != only(CHARGE).key


def test_equal_per_values_share_a_tally_whatever_their_spelling() -> None:
    assert only(per(1)).key == only(per(1.0)).key
    assert only(per(0)).key == only(per(-0.0)).key
    assert only(per(10**19)).key == only(per(1e19)).key
    assert only(per({"a": 1, "b": [2]})).key == only(per({"b": [2.0], "a": 1})).key


def test_different_per_values_have_their_own_tallies() -> None:
    values: list[tuple[Value, ...]] = [
        (1,), ("1",), (True,), (None,), ("",), (0,), (10,), (100,), (0.1,), (-1,), ("a", "b"),
        (["a", "b"],), ("ab",), ("a,b",), ({"a": "b"},), ([],), ({},), ("é",), ("e\u0301",),
        (9007199254740993,), (9007199254740992,), (),
    ]  # fmt: skip
    keys = {only(per(*value)).key for value in values}
    assert len(keys) == len(values)


def test_per_values_are_hashed_with_the_key_and_other_names_outlive_it() -> None:
    assert only(per("+15550100")).key != only(per("+15550100"), per_key=b"K" * 32).key
    assert only(CHARGE).key == only(CHARGE, per_key=b"K" * 32).key


@pytest.mark.parametrize("key", [b"", b"k" * 15, b"k" * 65])
def test_a_key_that_would_not_key_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match="16 to 64 bytes"):
        plan(CHARGE, per_key=key)


def test_tally_keys_never_change_between_releases() -> None:
    """A changed key would forget what was counted, so these are pinned."""
    assert only(CHARGE).key == "Ijk_Q2ChEAGT.1795132800"
    assert only(per("a", 1)).key == "mEVDNC3axRRy.1795132800"
    assert min(debit.key for debit in round_of(SPLIT)) == "A5pa5C7ILaaR.1795132800"


def round_of(charge: Charge, dealer: Dealer | None = None) -> list[Debit]:
    """One debit on each shard, in the order dealt."""
    dealer = dealer or Dealer(random.Random(2).randrange)
    return [only(charge, dealer=dealer) for _ in range(charge.shards)]


def test_a_split_limit_takes_from_one_shard_that_owns_its_part() -> None:
    found = round_of(SPLIT)
    assert len({debit.tally for debit in found}) == 4
    assert sorted(debit.maximum for debit in found) == [2_000_000, 2_000_000, 3_000_000, 3_000_000]
    assert {debit.cost for debit in found} == {1_000_000}


def test_calls_are_spread_evenly_over_the_shards() -> None:
    dealer = Dealer(random.Random(3).randrange)
    dealt = Counter(only(SPLIT, dealer=dealer).tally for _ in range(400))
    assert set(dealt.values()) == {100}
    assert len(dealt) == 4


@pytest.mark.parametrize("shards", [1, 3, 5])
def test_another_number_of_shards_starts_at_zero(shards: int) -> None:
    before = {debit.key for debit in round_of(SPLIT)}
    assert before.isdisjoint(debit.key for debit in round_of(replace(SPLIT, shards=shards)))


def test_another_maximum_keeps_what_the_shards_counted() -> None:
    assert {one.key for one in round_of(SPLIT)} == {
        one.key for one in round_of(replace(SPLIT, maximum=99_000_000))
    }


def test_the_shards_of_two_servers_are_dealt_apart() -> None:
    dealer = Dealer(random.Random(4).randrange)
    pairs = [
        [only(SPLIT, dealer=dealer, server=server).tally for server in ("shop", "mail")]
        for _ in range(4)
    ]
    assert [len(set(column)) for column in zip(*pairs, strict=True)] == [4, 4]


def test_without_a_dealer_a_split_limit_is_counted_whole() -> None:
    (debit,) = debits(
        [SPLIT], grant_id="g1", session=None, server="shop", now=NOON, per_key=KEY, dealer=None
    )
    assert debit.maximum == 10_000_000
    assert debit.key == only(replace(SPLIT, shards=1)).key


def test_a_negative_cost_is_refused() -> None:
    with pytest.raises(ValueError, match="never negative"):
        plan(replace(CHARGE, cost=-1))
