"""Taking out what is past its time, a few rows at once, inside somebody's transaction.

Must not know when it is called. A row goes only once nothing can ask for it any more: a tally a day
after its window, a finished approval when it answers no repeat and the retention is over.
"""

from sqlite3 import Connection

DAY = 24 * 3600

AT_ONCE = 200
"""Rows of a table."""

PAYLOADS_AT_ONCE = 1
"""A payload is up to 4 MB, each page of which is written to when it is freed: some 30 ms."""

FLEETING = (
    # table, the column with the end of its time, seconds it is kept beyond, rows at once
    ("tallies", "ends_at", DAY, AT_ONCE),  # refunds and late clocks still find it
    ("nonces", "expires_at", DAY, AT_ONCE),
    ("payloads", "expires_at", 0, PAYLOADS_AT_ONCE),
)
"""What is gone soon after its time, whatever the retention."""


def sweep(db: Connection, now: float, kept: float | None) -> bool:
    """Whether there may be more to take out.

    `kept` is the retention in seconds: how long records are kept, and approvals once they answer
    no repeats. None keeps both for ever.
    """
    ends = [(table, column, now - beyond, most) for table, column, beyond, most in FLEETING]
    if kept is not None:
        ends.append(("records", "at", now - kept, AT_ONCE))
    more = [_rows(db, *end) for end in ends]
    return any(more) or (kept is not None and _approvals(db, now - kept))


def _rows(db: Connection, table: str, column: str, before: float, most: int) -> bool:
    gone = db.execute(
        f"DELETE FROM {table} WHERE rowid IN "
        f"(SELECT rowid FROM {table} WHERE {column} < ? LIMIT {most})",
        (before,),
    )
    return gone.rowcount == most


def _approvals(db: Connection, before: float) -> bool:
    """Finished approvals with all that belongs to them."""
    ids = db.execute(
        "SELECT id FROM approvals WHERE NOT unfinished AND answers_until < ? LIMIT ?",
        (before, AT_ONCE),
    ).fetchall()
    for statement in (
        "DELETE FROM answers WHERE approval_id = ?",
        "DELETE FROM links WHERE approval_id = ?",
        "DELETE FROM payloads WHERE key IN (?1 || '/call', ?1 || '/result')",
        "DELETE FROM approvals WHERE id = ?",
    ):
        db.executemany(statement, ids)
    return len(ids) == AT_ONCE
