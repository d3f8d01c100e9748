"""What an operator says about tokens of an authorization server. Pure."""

from collections.abc import Mapping
from typing import Any

from compiler.frozen import dataclass

WELL_KNOWN = "/.well-known/oauth-protected-resource"
"""Where a server's metadata is, before the path of its URL (RFC 9728, section 3.1)."""


def resource(base_url: str, server: str) -> str:
    """The server's URL, which is its tokens' audience. `base_url` is where clients reach us."""
    return f"{base_url}/mcp/{server}"


@dataclass(frozen=True, slots=True)
class Issuer:
    """An authorization server, as its tokens name it in `iss`."""

    url: str
    jwks: str | None = None
    """Where its keys are; None where its metadata says it."""
    private_network: bool = False
    """Whether it may be on a private or loopback address."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Tokens whose claim has this value stand for this grant."""

    claim: str
    value: str
    grant_id: str

    def fits(self, claims: Mapping[str, Any]) -> bool:
        """Whether the claim is the value, a list that holds it, or `scope`, which is words."""
        found = claims.get(self.claim)
        if self.claim == "scope" and isinstance(found, str):
            return self.value in found.split(" ")
        return self.value in found if isinstance(found, list) else found == self.value


@dataclass(frozen=True, slots=True)
class Authority:
    """Whose tokens are good at one server, and for which grants: the first rule that fits counts.

    A part of the server's registration, so that every call reads it and a change holds at once.
    """

    issuer: Issuer
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class NoGrant:
    """The token is good, and stands for no grant of this server."""
