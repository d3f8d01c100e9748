"""The life of an approval, as a table. Pure: no store, no clock; time is an argument.

The item decides and a callback only wakes, so every step is a compare-and-set on the approval's
version, and what may follow what is this table and nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from compiler.frozen import dataclass

if TYPE_CHECKING:
    from handler.approvals.model import Approval


class Status(StrEnum):
    """Where an approval stands. Everything but the first three is final."""

    PENDING = "pending"
    APPROVED = "approved"
    EXECUTING = "executing"
    EXECUTED = "executed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"
    """Not executed, or executed without a usable answer; `detail` says which."""
    UNKNOWN = "unknown"
    """Sent to the upstream, and what became of it was not seen. Never run again by itself."""

    @property
    def is_final(self) -> bool:
        return self not in OPEN


class Event(StrEnum):
    """What can happen to an approval."""

    SUPPORT = "support"
    """A yes that counts, while others are still asked for."""
    APPROVE = "approve"
    """The yes that completes what every rule asks for."""
    REJECT = "reject"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"
    START = "start"
    REFUSE = "refuse"
    """Approved, yet not sent: denied when decided again, not started in time, or never reached."""
    FINISH = "finish"
    FAIL = "fail"
    """Sent, and ended without a result the agent can have: it needs input, say."""
    LOSE = "lose"
    """Sent, and the lease ended without news."""


OPEN = frozenset({Status.PENDING, Status.APPROVED, Status.EXECUTING})
"""The statuses that something still has to happen to, each with a deadline of its own."""

TRANSITIONS: dict[Status, dict[Event, Status]] = {
    Status.PENDING: {
        Event.SUPPORT: Status.PENDING,
        Event.APPROVE: Status.APPROVED,
        Event.REJECT: Status.REJECTED,
        Event.EXPIRE: Status.EXPIRED,
        Event.WITHDRAW: Status.WITHDRAWN,
    },
    Status.APPROVED: {Event.START: Status.EXECUTING, Event.REFUSE: Status.FAILED},
    Status.EXECUTING: {
        Event.FINISH: Status.EXECUTED,
        Event.REFUSE: Status.FAILED,
        Event.FAIL: Status.FAILED,
        Event.LOSE: Status.UNKNOWN,
    },
    # Only the original attempt, late, may still say how it went.
    Status.UNKNOWN: {Event.FINISH: Status.EXECUTED, Event.FAIL: Status.FAILED},
    Status.EXECUTED: {},
    Status.REJECTED: {},
    Status.EXPIRED: {},
    Status.WITHDRAWN: {},
    Status.FAILED: {},
}

REFUNDS = frozenset({Event.REJECT, Event.EXPIRE, Event.WITHDRAW, Event.REFUSE})
"""The events that give the reserved quota back, in the same step as the outcome."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long an approval may stand still, in seconds."""

    start_within: float = 300
    """From the last yes to the sending."""
    lease: float = 120
    """From the sending to the answer; past it the outcome is unknown."""
    repeats_for: float = 600
    """How long a finished approval answers repeats of its call."""


class IllegalStep(Exception):
    """The event cannot happen to an approval that stands there."""

    def __init__(self, status: Status, event: Event) -> None:
        super().__init__(f"an approval that is {status} cannot {event}")


def step(approval: Approval, event: Event, now: float, terms: Terms, detail: str = "") -> Approval:
    """The approval after the event. Raises `IllegalStep`; without a detail the old one stays."""
    status = TRANSITIONS[approval.status].get(event)
    if status is None:
        raise IllegalStep(approval.status, event)
    moved = replace(
        approval, version=approval.version + 1, status=status, detail=detail or approval.detail
    )
    if status is approval.status:
        return moved
    return replace(
        moved,
        changed_at=now,
        lease_until=now + terms.lease if status is Status.EXECUTING else None,
        answers_until=now + terms.repeats_for if status.is_final else None,
        refunded=event in REFUNDS,
    )


def overdue(approval: Approval, now: float, terms: Terms) -> Event | None:
    """What the passing of time did to the approval, whoever looks first."""
    limits = {
        Status.PENDING: (approval.deadline, Event.EXPIRE),
        Status.APPROVED: (approval.changed_at + terms.start_within, Event.REFUSE),
        Status.EXECUTING: (approval.lease_until or 0.0, Event.LOSE),
    }
    if approval.status not in limits:
        return None
    ends_at, event = limits[approval.status]
    return event if now >= ends_at else None


def as_of(approval: Approval, now: float, terms: Terms) -> Approval:
    """The approval as time has it by now, whether or not somebody wrote that down."""
    event = overdue(approval, now, terms)
    return approval if event is None else step(approval, event, now, terms)
