"""A policy as it is deployed: immutable bytes named by their digest, and what stood for a name."""

from compiler.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Artifact:
    """What the compiler made of one policy.json. `digest` is the policy revision."""

    digest: str
    """Hex SHA-256 of `data`."""
    data: bytes
    """compiler.artifact's format: header, decision table, source."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One change of what a policy's name stands for on a server. Kept for good."""

    server: str
    policy: str
    """The name, as grants use it."""
    digest: str | None
    """The artifact it stands for from then on; None where the name was taken away."""
    at: float
    by: str
    """Who changed it, as far as it is known."""
