"""What a call takes from tallies, in the ledger's words, and whether there is room. Pure."""

from collections.abc import Mapping, Sequence

from compiler.frozen import dataclass
from compiler.verdict import Scope

Tally = tuple[Scope, str, str]
"""A tally's whole name: scope, scope id, key."""


@dataclass(frozen=True, slots=True)
class Debit:
    """One amount to take from one tally. Amounts are micro-units.

    `scope_id` is whose tallies they are (a grant's id, a session's, a server's name, `all`); `key`
    names the tally among them: owner, counter, window, per-hash and window start.
    """

    scope: Scope
    scope_id: str
    key: str
    cost: int
    maximum: int
    ends_at: float
    """When the tally's window ends, POSIX seconds."""
    keyed: bool = False
    """Whether it is one of many tallies of its limit, named by values that agents send (`per`)."""

    def __post_init__(self) -> None:
        if self.cost < 0:
            raise ValueError("a cost is never negative: it would give room instead of taking it")

    @property
    def tally(self) -> Tally:
        return self.scope, self.scope_id, self.key

    @property
    def is_apart(self) -> bool:
        return is_apart(self.scope, self.keyed)


def is_apart(scope: Scope, keyed: bool) -> bool:
    """Whether a tally is no part of its grant: it is shared with others, or one of any number."""
    return scope is not Scope.GRANT or keyed


@dataclass(frozen=True, slots=True)
class Short:
    """The first debit without room, by index, and what its tally stands at."""

    index: int
    tally: int


def take(debits: Sequence[Debit], standing: Mapping[Tally, int]) -> dict[Tally, int] | Short:
    """What the tallies stand at once every debit is taken in order, or the first without room.

    A tally absent from `standing` is zero. Debits of one tally add up.
    """
    after: dict[Tally, int] = {}
    for index, debit in enumerate(debits):
        amount = after.get(debit.tally, standing.get(debit.tally, 0)) + debit.cost
        if amount > debit.maximum:
            return Short(index, standing.get(debit.tally, 0))
        after[debit.tally] = amount
    return after


def give_back(debits: Sequence[Debit], standing: Mapping[Tally, int]) -> dict[Tally, int]:
    """What the tallies stand at once every debit is given back; never below zero.

    A tally absent from `standing` was cleaned away after its window: it stays absent.
    """
    after: dict[Tally, int] = {}
    for debit in debits:
        if debit.tally in standing:
            amount = after.get(debit.tally, standing[debit.tally]) - debit.cost
            after[debit.tally] = max(0, amount)
    return after
