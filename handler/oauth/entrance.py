"""From an access token to the grant it stands for, and what clients are told about it.

Must not know MCP. The grant is read in this request, so that a revoked one is revoked at once; what
it may do is decided as for a grant token, by the same store step.
"""

from collections.abc import Callable

from handler.clock import Clock
from handler.grants.model import Claim, Grant, GrantStatus
from handler.oauth import bearer
from handler.oauth.keys import Keys
from handler.oauth.model import Authority, NoGrant
from handler.stores.base import Ledger


class Entrance:
    """Accepts one authorization server's tokens."""

    def __init__(
        self,
        authority: Authority,
        ledger: Ledger,
        clock: Clock,
        resource: Callable[[str], str],
        keys: Keys | None = None,
    ) -> None:
        """`resource` gives a server's URL, which is its tokens' audience."""
        self.authority, self.resource = authority, resource
        self._ledger, self._clock = ledger, clock
        self._keys = keys or Keys(authority)
        self._ids: dict[str, str] = {}

    async def claim(self, token: str, server: str) -> Claim | NoGrant | None:
        """What the token claims at this server; None where it is not good.

        Raises `KeysUnavailable` and `StoreUnavailable`.
        """
        found = await bearer.claims(
            token,
            self._keys,
            issuer=self.authority.issuer,
            resource=self.resource(server),
            now=self._clock.now(),
        )
        if found is None:
            return None
        for rule in self.authority.rules:
            if rule.server == server and rule.fits(found):
                grant = await self._grant(rule.grant)
                if grant is None or grant.server != server or not grant.token_hashes:
                    return None
                return Claim(grant.id, grant.token_hashes[0], server)
        return NoGrant()

    async def _grant(self, label: str) -> Grant | None:
        """The grant with this label that is not revoked."""
        id = self._ids.get(label)
        grant = await self._ledger.grant(id) if id is not None else None
        if grant is not None and grant.label == label and _stands(grant):
            return grant
        for each in await self._ledger.grants():
            if each.label == label and _stands(each):
                self._ids[label] = each.id
                return each
        return None


def _stands(grant: Grant) -> bool:
    return grant.status is not GrantStatus.REVOKED and bool(grant.token_hashes)
