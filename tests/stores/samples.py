"""Values that the contract suite stores."""

from dataclasses import replace

from compiler.verdict import Hold, Place, Scope
from handler.approvals.lifecycle import Status
from handler.approvals.model import Answer, Approval, Link, Origin
from handler.gateway.server import Server, Sessions
from handler.grants.model import Claim, Grant, GrantStatus
from handler.limits.debits import Debit

NOW = 1_795_176_000.0
"""2026-11-20T12:00:00Z"""

ONE = 1_000_000
"""Micro-units of 1."""

TOKEN, OLD_TOKEN, WRONG_TOKEN = "11" * 32, "22" * 32, "33" * 32


def grant(grant_id: str = "g1") -> Grant:
    return Grant(
        id=grant_id,
        label="Billing agent",
        tags=("prod", "eu"),
        server="shop",
        policy="default",
        status=GrantStatus.ACTIVE,
        expires_at=NOW + 3600,
        token_hashes=(TOKEN, OLD_TOKEN),
    )


def claim(grant_id: str = "g1", token: str = TOKEN, server: str = "shop") -> Claim:
    return Claim(grant_id, token, server)


def debit(
    key: str = "calls.1795176000",
    *,
    cost: int = ONE,
    maximum: int = 10 * ONE,
    scope: Scope = Scope.GRANT,
    scope_id: str = "g1",
    ends_at: float = NOW + 60,
    keyed: bool = False,
) -> Debit:
    return Debit(scope, scope_id, key, cost, maximum, ends_at, keyed)


def approval(name: str = "a1", *, call_key: str = "", grant_id: str = "g1") -> Approval:
    """A pending one, whose call key is its own unless given."""
    return Approval(
        id=name,
        call_key=call_key or f"call-of-{name}",
        grant_id=grant_id,
        grant_label="Billing agent",
        server="shop",
        tool="create_charge",
        revision="ab" * 32,
        holds=(
            Hold(
                place=Place("/tools/create_charge/approve_if/args.amount-gt", 0, 12),
                reason="Charges above 500 need a person.",
                approvers=("ops@example.com", "cfo@example.com"),
                quorum=2,
                expires_in=1800,
                mail_arguments=False,
            ),
        ),
        debits=(debit(cost=3 * ONE),),
        origin=Origin("2025-11-25", "session-1"),
        created_at=NOW,
        deadline=NOW + 1800,
        status=Status.PENDING,
        changed_at=NOW,
    )


def step(before: Approval, status: Status, **changes: object) -> Approval:
    """The next version, in another status."""
    return replace(before, status=status, version=before.version + 1, **changes)  # type: ignore[arg-type]  # fields of Approval


def link(name: str = "l1", *, approval_id: str = "a1") -> Link:
    return Link(name, approval_id, "ops@example.com", NOW + 1800)


def answer(link_hash: str = "l1", *, approval_id: str = "a1", approved: bool = True) -> Answer:
    said = (approved, "fine by me", NOW + 5, "ada")
    return Answer(approval_id, link_hash, "ops@example.com", *said)


def server(name: str = "shop") -> Server:
    return Server(
        name=name,
        upstream="https://shop.example/mcp",
        headers={"authorization": "env:SHOP_KEY"},
        policies={"default": "ab" * 32},
        paused=False,
        sessions=Sessions.INTERCHANGEABLE,
        allow=("resources", "prompts"),
        private_network=True,
        narrow=True,
    )
