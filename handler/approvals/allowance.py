"""How often one grant may do what costs others: ask people, or keep a request waiting.

What is spent is spent for good: rejections and withdrawals give quota back, but not the mail that
was sent. Each use is one of the window's numbered slots, and a slot can be spent once.
"""

from handler.stores.base import Nonces

HOUR = 3_600


class Allowance:
    """The uses of every grant, each so many in a window of so many seconds.

    Exact across processes; may raise `StoreUnavailable`.
    """

    def __init__(self, nonces: Nonces, most: int, seconds: float = HOUR, name: str = "ask") -> None:
        """`name` keeps the slots of one kind of use apart from those of another."""
        self._nonces, self._most = nonces, most
        self._seconds, self._name = seconds, name
        self._tried: dict[tuple[str, int], int] = {}

    async def spend(self, grant_id: str, now: float) -> bool:
        """Whether the grant had a use left in this window; it has one less now."""
        window = int(now // self._seconds)
        self._tried = {key: slot for key, slot in self._tried.items() if key[1] == window}
        for slot in range(self._tried.get((grant_id, window), 0), self._most):
            self._tried[grant_id, window] = slot + 1
            nonce = f"{self._name}/{grant_id}/{window}/{slot}"
            if await self._nonces.spend(nonce, (window + 2) * self._seconds):
                return True
        return False
