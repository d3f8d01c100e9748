"""What held calls need of a deployment, beside the parts that every call needs.

Chooses adapters, as every entry does. The gateway loads it with the first call that is held.
"""

from handler.approvals.allowance import Allowance
from handler.approvals.bell import Bell
from handler.approvals.book import Book
from handler.approvals.service import Approvals
from handler.approvals.vault import Vault
from handler.approvals.workflow_stepfunctions import StepFunctionsWorkflow, TaskTokens
from handler.aws.service import STEP_FUNCTIONS, Service
from handler.entry.deployment import Parts
from handler.entry.keys import Keys
from handler.sealing import Sealer
from handler.secrets import SecretMissing
from handler.stores.base import StoreUnavailable

MOST_ASKS = 60
"""Approvals that one grant may ask for in an hour."""


class Held:
    """The deployment's approvals, for one function."""

    def __init__(self, parts: Parts, keys: Keys, tokens: TaskTokens | None = None) -> None:
        """`tokens` are for functions that may wake executions."""
        store, self._parts = parts.store, parts
        self._bell = Bell()
        self.book = Book(store.ledger, parts.clock, self._bell, parts.terms)
        self.vault = Vault(store.payloads, Sealer(keys.seal()), self._newer)
        self.workflow = StepFunctionsWorkflow(
            Service(parts.account, STEP_FUNCTIONS),
            clock=parts.clock,
            terms=parts.terms,
            machine=parts.deployment.machine,
            tokens=tokens,
        )

    def approvals(self) -> Approvals:
        """The agents' side of them."""
        parts = self._parts
        return Approvals(
            ledger=parts.store.ledger,
            book=self.book,
            vault=self.vault,
            allowance=Allowance(parts.store.nonces, MOST_ASKS),
            workflow=self.workflow,
            bell=self._bell,
            clock=parts.clock,
            terms=parts.terms,
            most_pending=parts.deployment.most_pending,
        )

    async def _newer(self) -> Sealer | None:
        """Of keys that another container was told of first."""
        try:
            keys = await self._parts.keyring.newer()
        except SecretMissing as missing:
            raise StoreUnavailable(str(missing)) from missing
        return None if keys is None else Sealer(keys.seal())
