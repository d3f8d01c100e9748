"""The AWS world's ports over one connection."""

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from handler.stores.base import Journal
from handler.stores.dynamodb.connection import Connection
from handler.stores.dynamodb.definitions import DynamoDefinitions
from handler.stores.dynamodb.ledger import DynamoLedger
from handler.stores.dynamodb.nonces import DynamoNonces
from handler.stores.dynamodb.registry import DynamoRegistry
from handler.stores.dynamodb.tables import Names, Table

if TYPE_CHECKING:
    from handler.stores.dynamodb.answers import DynamoAnswers
    from handler.stores.dynamodb.payloads import DynamoPayloads


class ClosingJournal(Journal, Protocol):
    """A journal that can be told that it is over."""

    def close(self) -> None: ...


class DynamoStore:
    """One world's ports; records go to `journal`, since logs are no table. Close it when done."""

    def __init__(self, connection: Connection, names: Names, journal: ClosingJournal) -> None:
        self._connection, self._names = connection, names
        ledger = Table(connection, names.ledger)
        self.registry = DynamoRegistry(Table(connection, names.registry))
        self.ledger = DynamoLedger(ledger, names.answers)
        self.nonces = DynamoNonces(ledger)
        self.definitions = DynamoDefinitions(ledger)
        self.journal = journal

    @cached_property
    def answers(self) -> "DynamoAnswers":
        from handler.stores.dynamodb.answers import DynamoAnswers  # not the gateway's to touch

        return DynamoAnswers(Table(self._connection, self._names.answers))

    @cached_property
    def payloads(self) -> "DynamoPayloads":
        from handler.stores.dynamodb.payloads import DynamoPayloads  # only held calls have any

        return DynamoPayloads(Table(self._connection, self._names.payloads))

    async def close(self) -> None:
        self.journal.close()
        await self._connection.close()
