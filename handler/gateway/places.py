"""How many standing streams and waiting requests there may be, of a grant and of the process. Pure.

Must not know what is heard or waited for.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

from handler.gateway.exchange import Arrived

MOST_OF_A_GRANT = 8
MOST = 256
"""Half of the connections that servers are called over, so that calls always find one."""


class Places:
    """The places of one process."""

    def __init__(self, most_of_a_grant: int = MOST_OF_A_GRANT, most: int = MOST) -> None:
        self._most_of_a_grant, self._most = most_of_a_grant, most
        self._taken: Counter[str] = Counter()

    def take(self, grant_id: str) -> "Place | None":
        """A place, or None where all are taken."""
        if self._taken[grant_id] >= self._most_of_a_grant or self._taken.total() >= self._most:
            return None
        self._taken[grant_id] += 1
        return Place(self, grant_id)

    def give_back(self, grant_id: str) -> None:
        self._taken[grant_id] -= 1
        self._taken += Counter()  # forgets those that have none


class Place:
    """One place, given back once."""

    def __init__(self, places: Places, grant_id: str) -> None:
        self._places, self._grant_id = places, grant_id
        self._held, self._kept = True, False

    @contextmanager
    def unless_kept(self) -> Iterator[None]:
        """Gives the place back at the end, where no stream has kept it by then."""
        try:
            yield
        finally:
            if not self._kept:
                self.leave()

    def kept(self, pieces: AsyncGenerator[bytes, None], arrived: Arrived) -> "Pieces":
        """The stream, which from now on has the place."""
        self._kept = True
        return Pieces(pieces, arrived, self)

    def leave(self) -> None:
        if self._held:
            self._held = False
            self._places.give_back(self._grant_id)


class Pieces:
    """A stream's pieces. Closing them lets go of all that it held, even if it was never read."""

    def __init__(self, pieces: AsyncGenerator[bytes, None], arrived: Arrived, place: Place) -> None:
        self._pieces, self._arrived, self._place = pieces, arrived, place

    def __aiter__(self) -> "Pieces":
        return self

    async def __anext__(self) -> bytes:
        return await anext(self._pieces)

    async def aclose(self) -> None:
        try:
            await self._pieces.aclose()
        finally:
            self._arrived.close()
            self._place.leave()
