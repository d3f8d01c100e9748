"""Making grants and their tokens. A token is the return value of one call and is kept nowhere."""

import secrets
from dataclasses import replace

from handler.grants.model import Grant, GrantStatus
from handler.grants.tokens import mint, rotated
from handler.stores.base import Ledger


def new(label: str, server: str) -> Grant:
    """A grant with a random id and no token, so that nobody can use it yet."""
    return Grant(
        id=secrets.token_hex(8),
        label=label,
        tags=(),
        server=server,
        policy=None,
        status=GrantStatus.ACTIVE,
        expires_at=None,
    )


async def rotate(ledger: Ledger, grant: Grant) -> str:
    """A new token for the grant; the one before stays good, older ones do not. Tallies stay."""
    token = mint(grant.id)
    await ledger.put_grant(rotated(grant, token))
    return token.text


async def revoke(ledger: Ledger, grant: Grant) -> None:
    """End the grant for good, with effect from its next call."""
    await ledger.put_grant(replace(grant, status=GrantStatus.REVOKED, token_hashes=()))
