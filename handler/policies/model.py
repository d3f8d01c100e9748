"""A policy as it is deployed: immutable bytes named by their digest."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Artifact:
    """What the compiler made of one policy.json. `digest` is the policy revision."""

    digest: str
    """Hex SHA-256 of `data`."""
    data: bytes
    """compiler.artifact's format: header, decision table, source."""
