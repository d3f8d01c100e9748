"""Bytes of any size in a table whose items hold 400 KB.

The pieces are written first and the head last, and the head names its pieces by a random
generation: a reader sees one writing or another, never parts of both.
"""

import asyncio
import math
import secrets

from handler.stores.base import StoreUnavailable
from handler.stores.dynamodb.attributes import Item
from handler.stores.dynamodb.tables import Table

PIECE_BYTES = 380_000
"""An item of this size stays under 400 KB with its names."""


class Blobs:
    """Keyed bytes. `put` replaces what was there."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def put(self, key: str, data: bytes, *, ttl: int | None = None) -> None:
        """`ttl` is when the table may clean it away, POSIX seconds; readers compare it too."""
        pieces = [data[at : at + PIECE_BYTES] for at in range(0, len(data), PIECE_BYTES)] or [b""]
        generation = secrets.token_hex(8)
        kept: Item = {} if ttl is None else {"ttl": ttl}
        await asyncio.gather(
            *(
                self._table.put(_piece(key, generation, number), {"data": piece, **kept})
                for number, piece in enumerate(pieces[1:], start=1)
            )
        )
        head = {"data": pieces[0], "generation": generation, "pieces": len(pieces), **kept}
        await self._table.put(key, head)

    async def get(self, key: str, now: float = 0) -> bytes | None:
        """The bytes; None where they are not there, or past their `ttl`.

        The table cleans pieces away one by one, so none is asked for past it.
        """
        head = await self._table.get(key)
        if head is None or now >= head.get("ttl", math.inf):
            return None
        rest = await asyncio.gather(
            *(
                self._table.get(_piece(key, head["generation"], number))
                for number in range(1, head["pieces"])
            )
        )
        parts = [head["data"]]
        for piece in rest:
            if piece is None:
                raise StoreUnavailable(f"a piece of `{key}` is missing")
            parts.append(piece["data"])
        return b"".join(parts)


def _piece(key: str, generation: str, number: int) -> str:
    return f"{key}#{generation}#{number}"
