"""Taking from tallies and giving back, without a store."""

from compiler.verdict import Scope
from handler.limits.debits import Debit, Short, give_back, take


def debit(key: str, cost: int, maximum: int = 10) -> Debit:
    return Debit(Scope.GRANT, "g1", key, cost, maximum, ends_at=60.0)


def tally(key: str) -> tuple[Scope, str, str]:
    return Scope.GRANT, "g1", key


def test_a_tally_has_room_up_to_its_maximum_inclusive() -> None:
    assert take([debit("a", 4)], {tally("a"): 6}) == {tally("a"): 10}
    assert take([debit("a", 5)], {tally("a"): 6}) == Short(0, 6)


def test_the_first_debit_without_room_is_named() -> None:
    standing = {tally("b"): 10, tally("c"): 10}
    assert take([debit("a", 1), debit("b", 1), debit("c", 1)], standing) == Short(1, 10)


def test_debits_of_one_tally_add_up() -> None:
    assert take([debit("a", 4), debit("a", 6)], {}) == {tally("a"): 10}
    assert take([debit("a", 4), debit("a", 7)], {}) == Short(1, 0)
    assert give_back([debit("a", 4), debit("a", 6)], {tally("a"): 11}) == {tally("a"): 1}


def test_a_refund_never_makes_more_room_than_the_maximum() -> None:
    assert give_back([debit("a", 4)], {tally("a"): 3}) == {tally("a"): 0}
    assert give_back([debit("a", 4)], {}) == {}
