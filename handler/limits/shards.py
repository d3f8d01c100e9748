"""The shards of a limit: tallies of one limit that many grants take from, and what each owns. Pure.

Must not know stores or policies. A store takes so many writes a second to one tally; a call takes
from one shard only, so K shards take K times as many. What they own adds up to the limit's maximum,
so all of them together never admit more.
"""

from collections.abc import Callable, Hashable

ONE = 1_000_000
"""What a call takes of a split limit, micro-units."""

MOST_HANDS = 4_096
"""How many limits' hands are kept: an operator's servers and limits, not what agents send."""


def owned(maximum: int, shards: int, shard: int) -> int:
    """What a shard (from 0) owns of a maximum, micro-units: whole calls, since calls are taken.

    The first shards own one more where the calls do not divide. Raises ValueError where there is
    no such shard: it would own more than the maximum holds.
    """
    if not 0 <= shard < shards:
        raise ValueError(f"there is no shard {shard} of {shards}")
    each, more = divmod(maximum // ONE, shards)
    return (each + (shard < more)) * ONE


class Dealer:
    """Deals the shards of each limit like cards: every one once, at random, then all anew.

    Evener than drawing from all of them each time. The order is drawn anew so that no pattern of
    calls, those that take nothing in the end included, wears out one shard before the others.
    """

    def __init__(self, draw: Callable[[int], int]) -> None:
        """`draw(n)` is a number from 0 to n - 1, by chance."""
        self._draw = draw
        self._hands: dict[tuple[Hashable, int], list[int]] = {}

    def deal(self, limit: Hashable, shards: int) -> int:
        """The shard of a limit that the next call takes from, from 0 to `shards` - 1."""
        hand = self._hands.get((limit, shards))
        if not hand:
            hand = self._hand(limit, shards)
        return hand.pop(self._draw(len(hand)))

    def _hand(self, limit: Hashable, shards: int) -> list[int]:
        if len(self._hands) >= MOST_HANDS:
            self._hands.clear()
        self._hands[limit, shards] = hand = list(range(shards))
        return hand
