"""Approvals, their links and answers, as values. Pure."""

from compiler.frozen import dataclass
from compiler.verdict import Hold
from handler.approvals.lifecycle import Status
from handler.limits.debits import Debit


@dataclass(frozen=True, slots=True)
class Origin:
    """How the agent asked, so that the approved call is made the same way."""

    protocol_version: str
    """The MCP revision of the request, such as 2025-11-25."""
    session: str | None = None
    """The upstream's session of a legacy request."""
    trace: str = ""
    """The `traceparent` of the call that asked: by it the call that runs later is its trace's."""


@dataclass(frozen=True, slots=True)
class Approval:
    """One held call. Its arguments and its result are payloads `<id>/call` and `<id>/result`."""

    id: str
    """Random; never derived from the call."""
    call_key: str
    """SHA-256 over grant, server, tool and normalised arguments, in hex."""
    grant_id: str
    grant_label: str
    server: str
    tool: str
    revision: str
    """Digest of the policy that held the call; at execution the current one decides again."""
    holds: tuple[Hold, ...]
    debits: tuple[Debit, ...]
    origin: Origin
    created_at: float
    deadline: float
    status: Status
    changed_at: float
    version: int = 1
    lease_until: float | None = None
    """While executing: when silence means the outcome is unknown. While pending: until when one
    process has the mailing to itself, or waits to try it again."""
    answers_until: float | None = None
    """Once final: how long it answers repeats of the same call."""
    detail: str = ""
    """What an operator and an agent may read about the outcome; holds no arguments."""
    mailed: tuple[str, ...] = ()
    """Approvers whose mail was sent."""
    undeliverable: tuple[str, ...] = ()
    """Approvers whose mail came back."""
    refunded: bool = False
    """Whether what it took was given back, in the step that ended it."""


@dataclass(frozen=True, slots=True)
class Link:
    """An approval link: only its hash is kept. One per approver."""

    hash: str
    """Hex SHA-256 of the link's 256-bit secret."""
    approval_id: str
    approver: str
    expires_at: float
    used: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What one approver said."""

    approval_id: str
    link_hash: str
    approver: str
    approved: bool
    note: str
    at: float
    operator: str = ""
    """Who gave it in the approver's name with operators' rights; empty where a link was used."""
