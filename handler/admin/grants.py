"""Grants as operators manage them: finding, making, changing and ending them, and their tokens.

A token is the return value of one call and is kept nowhere. Every change is made to the grant as it
stands, so that nothing another operator did meanwhile is undone; a revoked grant stays revoked.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace

from handler.admin import servers
from handler.admin.manifest import NAME
from handler.admin.naming import not_there
from handler.failure import CannotRun
from handler.grants.model import Grant, GrantStatus
from handler.grants.tokens import mint, rotated
from handler.stores.base import Store
from handler.stores.ledger import Ledger


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


async def listed(ledger: Ledger, *, revoked: bool = False) -> list[Grant]:
    """Grants by label, with or without those that are over."""
    found = await ledger.grants()
    kept = [grant for grant in found if revoked or grant.status is not GrantStatus.REVOKED]
    return sorted(kept, key=lambda grant: (grant.label, grant.id))


async def named(ledger: Ledger, name: str) -> Grant:
    """The grant of this label that is not revoked, or any grant of this id. Raises `CannotRun`."""
    found = await listed(ledger, revoked=True)
    current = [grant for grant in found if grant.status is not GrantStatus.REVOKED]
    same = [grant for grant in current if grant.label == name]
    if len(same) > 1:
        ids = ", ".join(grant.id for grant in same)
        raise CannotRun(f"several grants are called `{name}`: name one by its id ({ids})")
    of_this_id = [grant for grant in found if grant.id == name]
    if not same + of_this_id:
        if any(grant.label == name for grant in found):
            raise CannotRun(f"the grant `{name}` is revoked, which is final: create a new one")
        labels = [grant.label for grant in current]
        raise CannotRun(not_there("grant", name, labels, "holdpoint grant list"))
    return (same + of_this_id)[0]


async def create(store: Store, wanted: Grant) -> Grant:
    """Keep a new grant, without a token. Raises `CannotRun` where it names what is not there."""
    if not NAME.fullmatch(wanted.label):
        raise CannotRun(
            f"`{wanted.label}` cannot name a grant: use lower-case letters, digits, `-` and `_`, "
            "at most 63"
        )
    server = await servers.named(store.registry, wanted.server)
    if wanted.policy is not None and wanted.policy not in server.policies:
        known = ", ".join(f"`{name}`" for name in server.policies) or "none yet"
        raise CannotRun(
            f"the server `{server.name}` has no policy `{wanted.policy}`; it has {known}"
        )
    if any(grant.label == wanted.label for grant in await listed(store.ledger)):
        raise CannotRun(
            f"there is a grant `{wanted.label}` already: choose another name, or revoke it first"
        )
    await store.ledger.put_grant(wanted)
    return wanted


async def rotate(ledger: Ledger, grant: Grant, *, at_once: bool = False) -> str:
    """A new token for the grant; its tallies stay.

    The one before stays good and older ones do not; with `at_once` no other does.
    """
    token = mint(grant.id)
    if at_once:
        await change(ledger, grant, lambda seen: replace(seen, token_hashes=(token.hash,)))
    else:
        await change(ledger, grant, lambda seen: rotated(seen, token))
    return token.text


async def pause(ledger: Ledger, grant: Grant, paused: bool) -> Grant:
    """Stop the grant, or let it go on, with effect from its next call."""
    status = GrantStatus.PAUSED if paused else GrantStatus.ACTIVE
    return await change(ledger, grant, lambda seen: replace(seen, status=status))


async def revoke(ledger: Ledger, grant: Grant) -> None:
    """End the grant for good, with effect from its next call."""
    seen: Grant | None = grant
    while seen is not None and seen.status is not GrantStatus.REVOKED:
        over = replace(seen, status=GrantStatus.REVOKED, token_hashes=())
        if await ledger.change_grant(seen, over):
            return
        seen = await ledger.grant(grant.id)


async def change(ledger: Ledger, grant: Grant, how: Callable[[Grant], Grant]) -> Grant:
    """The grant, changed as it stands by now. Raises `CannotRun` where it is over."""
    while True:
        seen = await ledger.grant(grant.id)
        if seen is None or seen.status is GrantStatus.REVOKED:
            break
        after = how(seen)
        if after == seen or await ledger.change_grant(seen, after):
            return after
    raise CannotRun(f"the grant `{grant.label}` is revoked, which is final: create a new one")
