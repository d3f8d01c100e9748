"""What a call takes from tallies, in the ledger's words. Pure."""

from dataclasses import dataclass

from compiler.verdict import Scope


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
