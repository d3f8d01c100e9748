"""Grant tokens: making, reading and checking them. Pure but for the random source.

Must not know stores or HTTP. A token reads `hp_<grant id>_<secret>`: the id finds the grant, the
256-bit secret proves it. Only the SHA-256 of the whole token is kept; a secret of that size needs
no slow hash.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import replace

from compiler.frozen import dataclass
from handler.grants.model import Claim, Grant, GrantStatus
from handler.oauth.model import Authority

KEPT = 2
"""Tokens of a grant that are good at a time: the current one and the one before."""

SECRET_BYTES = 32

SHAPE = re.compile(r"hp_([A-Za-z0-9][A-Za-z0-9-]{0,63})_([A-Za-z0-9_-]{43})", re.ASCII)
"""An id has no underscore, so a token can be read in one way only."""


@dataclass(frozen=True, slots=True)
class Token:
    """A new token: the text to show once, and the hash to keep."""

    text: str
    hash: str

    def __repr__(self) -> str:
        """Without the secret: a value that is logged by mistake must not open anything."""
        return f"Token(hash={self.hash!r})"


def mint(grant_id: str) -> Token:
    """A new token of the grant. Raises ValueError where the id does not fit into one."""
    text = f"hp_{grant_id}_{secrets.token_urlsafe(SECRET_BYTES)}"
    if not SHAPE.fullmatch(text):
        raise ValueError("a grant's id is 1 to 64 letters, digits and hyphens")
    return Token(text, token_hash(text))


def token_hash(text: str) -> str:
    """Hex SHA-256 of a whole token."""
    return hashlib.sha256(text.encode()).hexdigest()


def claim(text: str, server: str) -> Claim | None:
    """What a presented token claims at a server, or None where it cannot be a token at all."""
    shape = SHAPE.fullmatch(text)
    return Claim(shape[1], token_hash(text), server) if shape else None


def rotated(grant: Grant, token: Token) -> Grant:
    """The grant with a new current token; the one before stays good, older ones do not."""
    return replace(grant, token_hashes=(token.hash, *grant.token_hashes)[:KEPT])


def proves(claim: Claim, grant: Grant, now: float) -> bool:
    """Whether the claim is good: the token, its server and the time fit a grant not revoked.

    Whether the grant is paused is another question.
    """
    return (
        proven(claim, grant)
        and grant.status is not GrantStatus.REVOKED
        and grant.server == claim.server
        and (grant.expires_at is None or now < grant.expires_at)
    )


def proven(claim: Claim, grant: Grant) -> bool:
    """Whether what the claim presents is the grant's own.

    Every kept hash is compared, each in constant time, so that the time taken says nothing about
    them. An authority's token was checked before there was a claim.
    """
    if isinstance(claim.proof, Authority):
        return True
    return any([hmac.compare_digest(kept, claim.proof) for kept in grant.token_hashes])
