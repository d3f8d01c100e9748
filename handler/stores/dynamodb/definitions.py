"""The Definitions port, in the ledger's table: the gateway's role writes what it sees there."""

import zlib

from handler.gateway import definitions
from handler.gateway.definitions import Catalog
from handler.stores.base import TooMuch
from handler.stores.dynamodb.connection import ConditionFailed
from handler.stores.dynamodb.tables import Table
from handler.stores.dynamodb.update import Update

LARGEST = 380_000
"""Bytes, compressed: an item of this size stays under 400 KB with its names."""


class DynamoDefinitions:
    """One item for each server's tools."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def catalog(self, server: str) -> Catalog | None:
        item = await self._table.get(_key(server))
        return definitions.read(zlib.decompress(item["data"])) if item else None

    async def replace(self, before: Catalog | None, after: Catalog) -> bool:
        """A write of ours that is sent again, since its answer was lost, finds itself done."""
        data = zlib.compress(definitions.write(after))
        if len(data) > LARGEST:
            raise TooMuch(f"the tools of the server `{after.server}` are too many to be watched")
        update = Update(self._table.name, _key(after.server))
        if before is None:
            update.require(f"attribute_not_exists({update.at('pk')})")
        else:
            update.require(f"{update.at('version')} = {update.value(before.version)}")
        update.put(version=after.version, data=data)
        try:
            await self._table.update(update)
        except ConditionFailed as failed:
            return failed.item is not None and failed.item.get("data") == data
        return True

    async def forget(self, server: str) -> None:
        await self._table.delete(_key(server))


def _key(server: str) -> str:
    return f"definitions#{server}"
