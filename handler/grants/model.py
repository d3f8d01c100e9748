"""Grants and the tokens that prove them. Pure: no store, no clock.

A grant is what one agent may use: one server under one policy. Its token reads
`hp_<grant id>_<secret>`, is shown once and kept as a SHA-256.
"""

from enum import StrEnum

from compiler.frozen import dataclass
from compiler.verdict import Subject
from handler.oauth.model import Authority


class GrantStatus(StrEnum):
    """Only an active grant admits calls. Paused is the kill switch; revoked is final."""

    ACTIVE = "active"
    PAUSED = "paused"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Grant:
    """What an agent may use. `token_hashes` holds at most two: the current and the previous."""

    id: str
    label: str
    tags: tuple[str, ...]
    server: str
    policy: str | None
    """The policy's name on the server; None denies every call."""
    status: GrantStatus
    expires_at: float | None
    token_hashes: tuple[str, ...] = ()
    """Hex SHA-256 of whole tokens."""
    declared: bool = False
    """Whether a gateway.json is where it comes from: then one that no longer names it ends it."""

    @property
    def subject(self) -> Subject:
        return Subject(self.label, self.tags)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request presents: a token taken apart, and the server it asks for."""

    grant_id: str
    proof: str | Authority
    """The hash of a token of the grant's. Or an authority, one of whose tokens was found good: then
    it stands for the grant as long as the server's registration is of this authority."""
    server: str
