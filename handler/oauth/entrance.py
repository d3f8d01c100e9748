"""From an access token to the grant it stands for.

Must not know MCP. What was last seen of a server's registration is enough to make a claim, since
the claim says by which authority and holds only where the call's own reading shows the same: so an
allowed call asks the store nothing for it. A refusal is always judged by a reading of its own. What
checks signatures is loaded with the first token for a server that names an authority.
"""

from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote

from handler.clock import Clock
from handler.grants.model import Claim
from handler.oauth.model import WELL_KNOWN, Authority, Issuer, NoGrant, resource
from handler.stores.base import Registry, StoreUnavailable

if TYPE_CHECKING:
    from handler.oauth.keys import Keys

MOST_ISSUERS = 16
"""Whose keys are kept; registrations as a rule name one."""


class Entrance:
    """Accepts access tokens at the servers whose registrations name an authority."""

    def __init__(self, registry: Registry, clock: Clock, base_url: str) -> None:
        """`base_url` is where clients reach the gateway."""
        self._registry, self._clock, self._base_url = registry, clock, base_url
        self._seen: dict[str, Authority] = {}
        self._keys: dict[Issuer, Keys] = {}

    async def challenge(self, server: str) -> str | None:
        """The WWW-Authenticate of a 401 (2026-07-28, basic/authorization): where the server's
        metadata is, or None where it has none. Raises `StoreUnavailable`."""
        if await self._authority(server) is None:
            return None
        place = resource(self._base_url + WELL_KNOWN, quote(server, safe=""))
        return f'Bearer resource_metadata="{place}"'

    async def _authority(self, server: str) -> Authority | None:
        """Whose tokens are good at this server, as it is registered now."""
        found = await self._registry.server(server)
        authority = found.oauth if found is not None else None
        if authority is None:
            self._seen.pop(server, None)
        else:
            self._seen[server] = authority
        return authority

    async def claim(self, token: str, server: str, *, anew: bool = False) -> Claim | NoGrant | None:
        """What the token claims at this server; None where it is not good.

        `anew`: not by what was seen before, which has not held. Raises `StoreUnavailable`, also
        where the issuer's keys cannot be had.
        """
        seen = None if anew else self._seen.get(server)
        if seen is not None:
            with suppress(StoreUnavailable):  # an issuer without keys may have been replaced
                found = await self._judged(token, server, seen)
                if isinstance(found, Claim):
                    return found
        authority = await self._authority(server)
        return await self._judged(token, server, authority) if authority is not None else None

    async def _judged(
        self, token: str, server: str, authority: Authority
    ) -> Claim | NoGrant | None:
        from handler.oauth import bearer, keys  # 40 ms of a cold start

        if authority.issuer not in self._keys:
            if len(self._keys) >= MOST_ISSUERS:
                self._keys.pop(next(iter(self._keys)))
            self._keys[authority.issuer] = keys.Keys(authority.issuer, self._clock)
        try:
            found = await bearer.claims(
                token,
                self._keys[authority.issuer],
                issuer=authority.issuer.url,
                resource=resource(self._base_url, server),
                now=self._clock.now(),
            )
        except keys.KeysUnavailable as error:
            raise StoreUnavailable(str(error)) from error
        if found is None:
            return None
        for rule in authority.rules:
            if rule.fits(found):
                return Claim(rule.grant_id, authority, server)
        return NoGrant()
