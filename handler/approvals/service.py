"""What the agent's side does with held calls: ask, look, wait, withdraw, fetch the result.

Must not know links, answers or mail: the agent-facing role cannot answer an approval.
"""

import secrets
from collections.abc import Mapping

from compiler.frozen import dataclass
from compiler.values import Value
from compiler.verdict import Hold, Place
from handler.approvals.allowance import HOUR, Allowance
from handler.approvals.bell import Bell, rung
from handler.approvals.book import Book
from handler.approvals.call_key import call_key
from handler.approvals.lifecycle import Event, Status, Terms
from handler.approvals.model import Approval, Origin
from handler.approvals.ports import Workflow
from handler.approvals.quorum import unanswerable
from handler.approvals.vault import StoredResult, Vault
from handler.clock import Clock
from handler.grants.model import Claim, Grant
from handler.limits.debits import Debit
from handler.stores.ledger import (
    Entered,
    Full,
    Held,
    Joined,
    Ledger,
    Paused,
    TooManyPending,
    Unauthenticated,
)

POLL = 0.2
"""Seconds between looks at the store while waiting: an answer may come through another process."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A call that approve_if rules hold, and what it takes from its limits."""

    claim: Claim
    grant: Grant
    tool: str
    arguments: Mapping[str, Value]
    revision: str
    holds: tuple[Hold, ...]
    debits: tuple[Debit, ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class TooManyAsks:
    """The grant asked people as often as it may in one hour; nothing was taken."""

    until: float


@dataclass(frozen=True, slots=True)
class Unanswerable:
    """A rule has too few approvers, its requester aside; nothing was taken."""

    place: Place


Outcome = (
    Held | Joined | TooManyPending | TooManyAsks | Unanswerable | Unauthenticated | Paused | Full
)


class Approvals:
    """Held calls as their agents see them. Every method may raise `StoreUnavailable`."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        book: Book,
        vault: Vault,
        allowance: Allowance,
        workflow: Workflow,
        bell: Bell,
        clock: Clock,
        terms: Terms,
        most_pending: int,
    ) -> None:
        self._ledger, self._book, self._vault = ledger, book, vault
        self._allowance, self._workflow, self._bell = allowance, workflow, bell
        self._clock, self._terms, self._most_pending = clock, terms, most_pending

    async def answering(self, key: str) -> Approval | None:
        """The approval that answers this call key: an open one, or one finished a while ago."""
        return await self._book.answering(key)

    async def current(self, approval_id: str) -> Approval | None:
        """The approval as it stands now."""
        return await self._book.current(approval_id)

    async def request(self, ask: Ask) -> Outcome:
        """Hold the call: a new approval, or the one that answers it already.

        The arguments are sealed away before the approval can be seen, so there is never an
        approval whose call nobody knows.
        """
        key = call_key(ask.grant.id, ask.claim.server, ask.tool, ask.arguments)
        found = await self._book.answering(key)
        if found is not None:
            return await self._joined(ask, found)
        hopeless = unanswerable(ask.holds, ask.grant.label)
        if hopeless is not None:
            return Unanswerable(hopeless.place)
        return await self._hold(ask, self._pending(ask, key))

    async def wait(self, approval_id: str, until: float) -> Approval | None:
        """The approval once it is final, or as it stands at `until` or when waiting ends."""
        while True:
            with self._bell.listening(approval_id) as event:
                approval = await self._book.current(approval_id)
                left = until - self._clock.now()
                if approval is None or approval.status.is_final or left <= 0 or self.ends:
                    return approval
                await rung(event, min(left, POLL))

    @property
    def ends(self) -> bool:
        """Whether this process ends, so that nobody can wait here any longer."""
        return self._bell.closed

    async def withdraw(self, approval_id: str, detail: str = "") -> Approval | None:
        """Take the question back, where nobody has decided it yet. The approval as it is then."""
        while True:
            approval = await self._book.current(approval_id)
            if approval is None or approval.status is not Status.PENDING:
                return approval
            withdrawn = await self._book.take(approval, Event.WITHDRAW, detail=detail)
            if withdrawn is not None:
                await self._workflow.wake(approval_id)
                return withdrawn

    async def result(self, approval: Approval) -> StoredResult | None:
        """What the upstream answered, while it is kept."""
        return await self._vault.result(approval.id, self._clock.now())

    async def _joined(self, ask: Ask, approval: Approval) -> Outcome:
        entry = await self._ledger.enter(ask.claim, (), self._clock.now())
        if not isinstance(entry, Entered):
            return entry
        if approval.status is Status.PENDING and not approval.mailed:
            # The first request may have died, or met a workflow that was away, before this.
            await self._workflow.start(approval)
        return Joined(approval)

    async def _hold(self, ask: Ask, approval: Approval) -> Outcome:
        ends_at = approval.deadline + self._terms.start_within + self._terms.lease
        await self._vault.keep_arguments(approval.id, ask.arguments, ends_at)
        now = self._clock.now()
        outcome = await self._ledger.hold(ask.claim, approval, now, self._most_pending)
        if not isinstance(outcome, Held):
            return outcome
        if not await self._allowance.spend(ask.grant.id, now):
            await self.withdraw(approval.id, "Too many approvals were asked for in this hour.")
            return TooManyAsks(until=(now // HOUR + 1) * HOUR)
        await self._workflow.start(outcome.approval)
        return outcome

    def _pending(self, ask: Ask, key: str) -> Approval:
        now = self._clock.now()
        return Approval(
            id=secrets.token_hex(16),  # one that starts with `-` would be an option to a command
            call_key=key,
            grant_id=ask.grant.id,
            grant_label=ask.grant.label,
            server=ask.claim.server,
            tool=ask.tool,
            revision=ask.revision,
            holds=ask.holds,
            debits=ask.debits,
            origin=ask.origin,
            created_at=now,
            deadline=now + min(hold.expires_in for hold in ask.holds),
            status=Status.PENDING,
            changed_at=now,
        )
