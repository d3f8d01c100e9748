"""From the charges of a verdict to the debits that the ledger takes. Pure.

Must not know stores or policies. A tally is named by scope id, owner, counter, window, the values
of its `per` arguments, its shard, and the window's start. The policy's revision, the limit's
maximum and its `increment_from` are not in the name, so that editing them keeps what was counted.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Sequence

from compiler.values import Value
from compiler.verdict import Charge, Scope
from handler.limits import windows
from handler.limits.canonical import canonical
from handler.limits.debits import Debit
from handler.limits.shards import Dealer, owned

EVERYWHERE = "all"
"""The scope id of limits that hold for the whole deployment."""

NAME_BYTES = 9
"""72 bits, 12 characters: 35 tallies fit one KB. Two names that collide would only share room."""

SHORTEST_KEY, LONGEST_KEY = 16, 64


def debits(
    charges: Sequence[Charge],
    *,
    grant_id: str,
    session: str | None,
    server: str,
    now: float,
    per_key: bytes,
    dealer: Dealer | None,
) -> tuple[Debit, ...]:
    """One debit for each charge, in the same order.

    `session` is None where the protocol has no sessions: its limits then count on the grant.
    `per_key` (16 to 64 bytes) keys the hash of `per` values, so that what agents sent cannot be
    found by trying values against a store; it must stay the same within the longest window.
    `dealer` says which shard of a split limit is taken from; without one it is counted whole.
    """
    if not SHORTEST_KEY <= len(per_key) <= LONGEST_KEY:
        raise ValueError(f"the `per` key must have {SHORTEST_KEY} to {LONGEST_KEY} bytes")
    owners = {
        Scope.GRANT: (Scope.GRANT, grant_id),
        Scope.SESSION: _conversation(grant_id, session),
        Scope.SERVER: (Scope.SERVER, server),
        Scope.ALL: (Scope.ALL, EVERYWHERE),
    }
    return tuple(_debit(charge, *owners[charge.scope], now, per_key, dealer) for charge in charges)


def _debit(
    charge: Charge, scope: Scope, scope_id: str, now: float, per_key: bytes, dealer: Dealer | None
) -> Debit:
    start, end = windows.bounds(charge.window, now)
    name, maximum = _name(charge, per_key), charge.maximum
    if charge.shards > 1 and dealer is not None:
        shard = dealer.deal((scope, scope_id, name), charge.shards)
        name, maximum = _shard_name(charge, shard), owned(maximum, charge.shards, shard)
    keyed = charge.per is not None
    return Debit(scope, scope_id, f"{name}.{start}", charge.cost, maximum, float(end), keyed)


def _conversation(grant_id: str, session: str | None) -> tuple[Scope, str]:
    """Sessions of two grants are two, even where both send the same id.

    The id is the agent's text and opens the upstream's session, so only its hash is kept.
    """
    if session is None:
        return Scope.GRANT, grant_id
    return Scope.SESSION, f"{grant_id}.{_short(hashlib.sha256(session.encode()).digest()[:16])}"


def _name(charge: Charge, per_key: bytes) -> str:
    """Keyed only with `per`: the other names are the policy's, and outlive the key."""
    if charge.per is None:
        return _hashed(_limit(charge))
    return _hashed([*_limit(charge), list(charge.per)], per_key)


def _shard_name(charge: Charge, shard: int) -> str:
    """Carries the number of shards: what others own of the same limit is another tally."""
    return _hashed([*_limit(charge), charge.shards, shard])


def _limit(charge: Charge) -> list[Value]:
    return [charge.owner, charge.counter, charge.window.name]


def _hashed(name: list[Value], key: bytes = b"") -> str:
    text = canonical(name).encode()
    return _short(hashlib.blake2b(text, digest_size=NAME_BYTES, key=key).digest())


def _short(digest: bytes) -> str:
    return urlsafe_b64encode(digest).decode().rstrip("=")
