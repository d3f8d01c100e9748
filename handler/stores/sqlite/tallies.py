"""Reading and writing tallies, inside somebody's transaction."""

from collections.abc import Mapping, Sequence
from sqlite3 import Connection

from handler.limits.debits import Debit, Short, Tally, give_back, take


def charge(db: Connection, debits: Sequence[Debit]) -> tuple[int, ...] | Short:
    """Take all debits, or none. What the tallies stand at afterwards, in order."""
    after = take(debits, standing(db, debits))
    if isinstance(after, Short):
        return after
    _write(db, debits, after)
    return tuple(after[debit.tally] for debit in debits)


def refund(db: Connection, debits: Sequence[Debit]) -> None:
    """Give debits back into the tallies that are still there."""
    _write(db, debits, give_back(debits, standing(db, debits)))


def standing(db: Connection, debits: Sequence[Debit]) -> dict[Tally, int]:
    """What the tallies stand at; one that is not there is left out."""
    stands: dict[Tally, int] = {}
    for debit in debits:
        row = db.execute(
            "SELECT amount FROM tallies WHERE scope = ? AND scope_id = ? AND key = ?", debit.tally
        ).fetchone()
        if row:
            stands[debit.tally] = row[0]
    return stands


def _write(db: Connection, debits: Sequence[Debit], amounts: Mapping[Tally, int]) -> None:
    ends = {debit.tally: debit.ends_at for debit in debits}
    db.executemany(
        "INSERT INTO tallies VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET amount = "
        "excluded.amount",
        [(*tally, amount, ends[tally]) for tally, amount in amounts.items()],
    )
