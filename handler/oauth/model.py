"""What an operator says about tokens of an authorization server. Pure."""

from collections.abc import Mapping
from typing import Any

from compiler.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """Tokens whose claim has this value stand for this grant, which is for this server."""

    claim: str
    value: str
    grant: str
    """The grant's label."""
    server: str

    def fits(self, claims: Mapping[str, Any]) -> bool:
        """Whether the claim is the value, a list that holds it, or `scope`, which is words."""
        found = claims.get(self.claim)
        if self.claim == "scope" and isinstance(found, str):
            return self.value in found.split(" ")
        return self.value in found if isinstance(found, list) else found == self.value


@dataclass(frozen=True, slots=True)
class NoGrant:
    """The token is good, and stands for no grant of this server."""


@dataclass(frozen=True, slots=True)
class Authority:
    """An authorization server, and whom its tokens stand for; the first rule that fits counts."""

    issuer: str
    rules: tuple[Rule, ...]
    jwks: str | None = None
    """Where its keys are; None where its metadata says it."""
    private_network: bool = False
    """Whether it may be on a private or loopback address."""
