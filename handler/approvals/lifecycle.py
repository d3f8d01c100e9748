"""The life of an approval, as a table. Pure: no store, no clock; time is an argument.

The item decides and a callback only wakes, so every step is a compare-and-set on the approval's
version, and what may follow what is this table and nothing else.
"""

from enum import StrEnum


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
        return not TRANSITIONS[self]


class Event(StrEnum):
    """What can happen to an approval."""

    APPROVE = "approve"
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


TRANSITIONS: dict[Status, dict[Event, Status]] = {
    Status.PENDING: {
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
