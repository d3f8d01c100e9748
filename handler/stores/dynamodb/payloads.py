"""Sealed arguments and results: bytes that only matter for a while.

The caller seals them: this module, and whoever may read the table, never sees what they say.
"""

import math

from handler.stores.base import LARGEST_PAYLOAD, PayloadTooLarge
from handler.stores.dynamodb.blobs import Blobs
from handler.stores.dynamodb.tables import Table


class DynamoPayloads:
    """The Payloads port. The table cleans itself late, so time is checked on reading."""

    def __init__(self, table: Table) -> None:
        self._blobs = Blobs(table)

    async def put(self, key: str, data: bytes, expires_at: float) -> None:
        if len(data) > LARGEST_PAYLOAD:
            raise PayloadTooLarge
        await self._blobs.put(key, data, ttl=math.floor(expires_at))

    async def get(self, key: str, now: float) -> bytes | None:
        return await self._blobs.get(key, now)
