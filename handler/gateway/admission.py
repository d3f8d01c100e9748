"""Who asks, and of which server: the store step of every request.

Must not know MCP. A grant and its server are read in every request, side by side with the debits.
What was last seen of them is kept as a hint to plan those debits with, never to answer from.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Sequence
from typing import TypeVar

from compiler.frozen import dataclass
from handler.gateway.server import Server
from handler.grants.model import Claim, Grant
from handler.limits.debits import Debit
from handler.oauth.model import Authority
from handler.stores.base import Registry, StoreUnavailable
from handler.stores.ledger import Entered, Full, Ledger, Paused, Unauthenticated

T = TypeVar("T")

MOST_HINTS = 4_096

RELEASE_SECONDS = 1.0


async def within(seconds: float, step: Awaitable[T]) -> T:
    """The step's answer, or `StoreUnavailable` where it fails in any way or takes too long."""
    try:
        async with asyncio.timeout(seconds):
            return await step
    except StoreUnavailable:
        raise
    except Exception as error:
        raise StoreUnavailable(type(error).__name__) from error


@dataclass(frozen=True, slots=True)
class Seen:
    """A grant and its server as they were read together."""

    grant: Grant
    server: Server


@dataclass(frozen=True, slots=True)
class Admitted:
    """What this request read. `entry` says whether the debits were taken."""

    seen: Seen
    entry: Entered | Full | Paused


class Admission:
    """Reads grants and servers, takes debits, and gives them back."""

    def __init__(self, registry: Registry, ledger: Ledger) -> None:
        self._registry = registry
        self._ledger = ledger
        self._hints: OrderedDict[str, Seen] = OrderedDict()

    def hint(self, claim: Claim) -> Seen | None:
        """What was last seen of this grant and server; perhaps not so any more.

        Nothing for who has another token: nobody's call is judged before the store knows them.
        """
        seen = self._hints.get(claim.grant_id)
        return seen if seen is not None and _fits(claim, seen) else None

    async def enter(
        self, claim: Claim, debits: Sequence[Debit], now: float
    ) -> Admitted | Unauthenticated:
        """Authenticate, take the debits, and read the server. Raises `StoreUnavailable`.

        A server that is not there answers like a wrong token, and so does one whose registration is
        no longer of the authority that the claim names. Nothing stays taken unless the answer is
        `Admitted` with an `Entered`.
        """
        entry, server = await asyncio.gather(
            self._ledger.enter(claim, debits, now),
            self._registry.server(claim.server),
            return_exceptions=True,
        )
        if isinstance(entry, BaseException):
            raise entry
        known = isinstance(server, Server) and _stands(claim, server)
        if not isinstance(server, Server) or not known or isinstance(entry, Unauthenticated):
            if isinstance(entry, Entered):
                await self.release(entry.debits, now)
            if isinstance(server, BaseException):
                raise server
            if self.hint(claim) is not None:
                del self._hints[claim.grant_id]
            return Unauthenticated()
        seen = Seen(entry.grant, server)
        self._remember(claim.grant_id, seen)
        return Admitted(seen, entry)

    async def knows(self, claim: Claim, now: float) -> bool:
        """Whether the claim is good, its server there."""
        return isinstance(await self.enter(claim, (), now), Admitted)

    async def release(self, debits: Sequence[Debit], now: float) -> bool:
        """Give debits back. False where the store could not: then they stay spent."""
        try:
            if debits:
                await within(RELEASE_SECONDS, self._ledger.release(debits, now))
        except StoreUnavailable:
            return False
        return True

    def _remember(self, grant_id: str, seen: Seen) -> None:
        self._hints[grant_id] = seen
        self._hints.move_to_end(grant_id)
        if len(self._hints) > MOST_HINTS:
            self._hints.popitem(last=False)


def _fits(claim: Claim, seen: Seen) -> bool:
    """Whether the claim is good by what was seen."""
    if seen.server.name != claim.server:
        return False
    return claim.proof == seen.server.oauth or claim.proof in seen.grant.token_hashes


def _stands(claim: Claim, server: Server) -> bool:
    """Whether the server's registration bears out what an access token was taken for."""
    return not isinstance(claim.proof, Authority) or claim.proof == server.oauth
