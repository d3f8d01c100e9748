"""The names of the four tables, and the reads that every port makes of them."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

from compiler.frozen import dataclass
from handler.stores.dynamodb.attributes import Item, decode, decode_item, encode, encode_item
from handler.stores.dynamodb.connection import ConditionFailed, Connection
from handler.stores.dynamodb.update import Update

INDEX = "listing"
"""The index of the ledger that lists grants and approvals; no call reads it."""

Put = dict[str, Any]
"""A transaction's Put, in DynamoDB's words."""

MOST_KEYS = 100
"""How many items one BatchGetItem reads."""


@dataclass(frozen=True, slots=True)
class Names:
    """The tables of one deployment, parted by who may touch them and for how long they matter."""

    registry: str
    ledger: str
    answers: str
    payloads: str


class Table:
    """One table, whose items have the single key `pk`. Every read is strongly consistent."""

    def __init__(self, connection: Connection, name: str) -> None:
        self.name = name
        self._connection = connection

    def one_step(self) -> AbstractAsyncContextManager[None]:
        """Several requests that together have one step's time. Raises StoreUnavailable."""
        return self._connection.one_step()

    async def get(self, key: str) -> Item | None:
        answer = await self._connection.send(
            "GetItem",
            {"TableName": self.name, "Key": encode_item({"pk": key}), "ConsistentRead": True},
        )
        item = answer.get("Item")
        return decode_item(item) if item else None

    async def get_all(self, keys: Sequence[str]) -> dict[str, Item]:
        """The items that are there, by key. For operators: the gateway may not read in batches."""
        groups = [keys[start : start + MOST_KEYS] for start in range(0, len(keys), MOST_KEYS)]
        found: dict[str, Item] = {}
        for items in await asyncio.gather(*map(self._batch, groups)):
            found.update((item["pk"], item) for item in items)
        return found

    async def put(self, key: str, item: Item) -> None:
        await self._connection.send(
            "PutItem", {"TableName": self.name, "Item": encode_item({"pk": key, **item})}
        )

    async def put_new(self, key: str, item: Item) -> None:
        """Put an item where none is; one that is there stays as it is."""
        request = {
            "TableName": self.name,
            "Item": encode_item({"pk": key, **item}),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        with suppress(ConditionFailed):
            await self._connection.send("PutItem", request)

    async def update(self, update: Update) -> Item:
        """The item after the update. Raises ConditionFailed."""
        answer = await self._connection.send(
            "UpdateItem", {**update.request(), "ReturnValues": "ALL_NEW"}
        )
        return decode_item(answer["Attributes"])

    async def transact(self, writes: Sequence[Update | Put], token: str) -> None:
        """Make all writes or none, in this table and others. Raises Cancelled.

        The same token within ten minutes is the same transaction: sent again, it happens once.
        """
        actions = [
            {"Update": write.request()} if isinstance(write, Update) else {"Put": write}
            for write in writes
        ]
        await self._connection.send(
            "TransactWriteItems", {"TransactItems": actions, "ClientRequestToken": token}
        )

    async def delete(self, key: str) -> None:
        await self._connection.send(
            "DeleteItem", {"TableName": self.name, "Key": encode_item({"pk": key})}
        )

    async def listed(self, listing: str, *, newest: int | None = None) -> list[str]:
        """Keys in a listing, oldest first; with `newest` that many of the newest, newest first.

        The index follows the table by less than a second as a rule; what it lists is then read
        from the table itself.
        """
        request: dict[str, Any] = {
            "TableName": self.name,
            "IndexName": INDEX,
            "KeyConditionExpression": "#list = :list",
            "ExpressionAttributeNames": {"#list": "list"},
            "ExpressionAttributeValues": {":list": encode(listing)},
            "ScanIndexForward": newest is None,
        }
        if newest is not None:
            request["Limit"] = newest
        keys: list[str] = []
        while True:
            answer = await self._connection.send("Query", request)
            keys += [decode(item["pk"]) for item in answer["Items"]]
            last = answer.get("LastEvaluatedKey")
            if last is None or (newest is not None and len(keys) >= newest):
                return keys[:newest]
            request["ExclusiveStartKey"] = last

    async def _batch(self, keys: Sequence[str]) -> list[Item]:
        items: list[Item] = []
        wanted: Any = [encode_item({"pk": key}) for key in keys]
        while wanted:
            answer = await self._connection.send(
                "BatchGetItem",
                {"RequestItems": {self.name: {"Keys": wanted, "ConsistentRead": True}}},
            )
            items += map(decode_item, answer["Responses"].get(self.name, []))
            wanted = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys")
        return items
