"""Grants, debits and approvals for the tests of this folder."""

import hashlib
import secrets
from dataclasses import replace

from compiler.verdict import Hold, Place, Scope
from handler.approvals.lifecycle import Status
from handler.approvals.model import Approval, Origin
from handler.grants.model import Claim, Grant, GrantStatus
from handler.limits.debits import Debit

UNIT = 1_000_000


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def grant(grant_id: str = "g1", token: str = "secret") -> Grant:
    return Grant(
        id=grant_id,
        label="billing agent",
        tags=("beta",),
        server="stripe",
        policy="charges",
        status=GrantStatus.ACTIVE,
        expires_at=None,
        token_hashes=(token_hash(token),),
    )


def claim(grant_id: str = "g1", token: str = "secret", server: str = "stripe") -> Claim:
    return Claim(grant_id, token_hash(token), server)


def debit(
    now: float,
    maximum: int = 5 * UNIT,
    *,
    key: str = "calls",
    scope: Scope = Scope.GRANT,
    scope_id: str = "g1",
    cost: int = UNIT,
    keyed: bool = False,
) -> Debit:
    start = int(now) // 3600 * 3600
    return Debit(scope, scope_id, f"{key}.{start}", cost, maximum, start + 3600.0, keyed)


def approval(now: float, debits: tuple[Debit, ...] = (), call: str = "call") -> Approval:
    return Approval(
        id=secrets.token_urlsafe(8),
        call_key=token_hash(call),
        grant_id="g1",
        grant_label="billing agent",
        server="stripe",
        tool="create_charge",
        revision="r1",
        holds=(Hold(Place("/tools/create_charge/approve_if/always"), "why", ("a@b.c",), 1, 60),),
        debits=debits,
        origin=Origin("2025-11-25"),
        created_at=now,
        deadline=now + 60,
        status=Status.PENDING,
        changed_at=now,
    )


def moved(before: Approval, status: Status, now: float) -> Approval:
    return replace(before, status=status, version=before.version + 1, changed_at=now)
