"""The decision record: what was decided about one call, and how it ended. Pure.

Must not know stores. A record holds the names of top-level arguments, never a value. Records
tell of one call: `decided`, written before anything is forwarded, and `ended`; between them `held`
where a person is asked. A held call's end tells its approval's outcome.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import Any

from compiler.frozen import dataclass
from compiler.verdict import Charge, Effect, Place
from handler.approvals.lifecycle import Status
from handler.approvals.model import Approval
from handler.grants.model import Grant
from handler.trace import Trace, names


class Outcome(StrEnum):
    """How a forwarded call ended."""

    ANSWERED = "answered"
    UNUSABLE = "unusable answer"
    NEVER_REACHED = "never reached"
    LOST = "lost"


EXPLAINED = (Status.EXPIRED, Status.FAILED, Status.UNKNOWN)
"""The outcomes whose detail is the gateway's own words."""

LONGEST_NAME = 128
MOST_NAMES = 64
"""Names are the agent's text: a record takes so many characters, and so many of them."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The call that a record is about."""

    trace: Trace
    """By its ids the records of one call are known, and those of one trace."""
    grant: Grant
    server: str
    tool: str
    arguments: Sequence[str]
    """The names of the top-level arguments."""
    revision: str | None
    """The policy's digest."""


def decided(
    subject: Subject,
    at: float,
    effect: Effect,
    place: Place | None,
    *,
    charges: Iterable[Charge] = (),
) -> dict[str, Any]:
    """The record of a decision. `charges` are those that were taken.

    Where the call has more arguments than are named, `more_arguments` says how many.
    """
    unnamed = len(subject.arguments) - MOST_NAMES
    return {
        "record": "decided",
        **subject.trace.names,
        "at": at,
        "grant": subject.grant.id,
        "label": subject.grant.label,
        "server": subject.server,
        "tool": subject.tool[:LONGEST_NAME],
        "arguments": sorted(name[:LONGEST_NAME] for name in subject.arguments)[:MOST_NAMES],
        **({"more_arguments": unnamed} if unnamed > 0 else {}),
        "revision": subject.revision,
        "effect": effect.value,
        "place": asdict(place) if place else None,
        "charges": [
            {"counter": charge.counter, "window": charge.window.name, "cost": charge.cost}
            for charge in charges
        ],
    }


def ended(trace: Trace, at: float, outcome: Outcome, detail: str, refunded: bool) -> dict[str, Any]:
    """The record of a forwarded call's end. `detail` holds no value and no secret."""
    return {
        "record": "ended",
        **trace.names,
        "at": at,
        "outcome": outcome.value,
        "detail": detail,
        "refunded": refunded,
    }


def outcome(approval: Approval) -> dict[str, Any]:
    """The record of a held call's end, however it ended: with what finds it by itself.

    An approver's note is no part of it: a person may have quoted an argument's value.
    """
    said = approval.detail if approval.status in EXPLAINED else ""
    return {
        "record": "ended",
        **(names(approval.origin.trace) or {"call": "", "trace": ""}),
        "at": approval.changed_at,
        "grant": approval.grant_id,
        "label": approval.grant_label,
        "server": approval.server,
        "tool": approval.tool[:LONGEST_NAME],
        "approval": approval.id,
        "outcome": approval.status.value,
        "detail": said,
        "refunded": approval.refunded,
    }


def held(trace: Trace, at: float, approval: str, joined: bool) -> dict[str, Any]:
    """The record of a call that waits for an approval, its own or the one it joined."""
    return {
        "record": "held",
        **trace.names,
        "at": at,
        "approval": approval,
        "joined": joined,
    }
