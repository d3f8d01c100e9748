"""How often one grant may ask people in an hour, so that no agent can flood a mailbox.

An ask is spent for good: rejections and withdrawals give quota back, but not the mail that was
sent. Each ask is one of the hour's numbered slots, and a slot can be spent once.
"""

from handler.stores.base import Nonces

HOUR = 3_600


class Allowance:
    """The asks of every grant. Exact across processes; may raise `StoreUnavailable`."""

    def __init__(self, nonces: Nonces, most: int) -> None:
        self._nonces, self._most = nonces, most
        self._tried: dict[tuple[str, int], int] = {}

    async def spend(self, grant_id: str, now: float) -> bool:
        """Whether the grant had an ask left in this hour; it has one less now."""
        hour = int(now // HOUR)
        self._tried = {key: slot for key, slot in self._tried.items() if key[1] == hour}
        for slot in range(self._tried.get((grant_id, hour), 0), self._most):
            self._tried[grant_id, hour] = slot + 1
            if await self._nonces.spend(f"ask/{grant_id}/{hour}/{slot}", (hour + 2) * HOUR):
                return True
        return False
