"""Things that may be used once, in the ledger's table."""

import math
import secrets

from handler.stores.dynamodb.connection import ConditionFailed
from handler.stores.dynamodb.tables import Table
from handler.stores.dynamodb.update import Update


class DynamoNonces:
    """The Nonces port. A random mark tells our own resent write from another's first."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def spend(self, nonce: str, expires_at: float) -> bool:
        mark = secrets.token_hex(8)
        update = Update(self._table.name, f"nonce#{nonce}")
        update.require(f"attribute_not_exists({update.at('pk')})")
        update.put(mark=mark, ttl=math.ceil(expires_at))
        try:
            await self._table.update(update)
        except ConditionFailed as failed:
            return failed.item is not None and failed.item.get("mark") == mark
        return True
