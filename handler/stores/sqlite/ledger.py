"""The Ledger port: grants, tallies and approvals. Every step is one question, one transaction."""

from collections.abc import Sequence
from functools import partial
from sqlite3 import Connection

from handler.approvals.model import Answer, Approval
from handler.grants.model import Claim, Grant, GrantStatus
from handler.grants.tokens import proves
from handler.limits.debits import Debit, Short
from handler.stores import documents
from handler.stores.ledger import (
    Entered,
    Entry,
    Full,
    Held,
    Joined,
    Paused,
    TooManyPending,
    Unauthenticated,
)
from handler.stores.sqlite import approvals, tallies
from handler.stores.sqlite.lanes import Kept, ReadLane, WriteLane


class SQLiteLedger:
    """Grants, their tallies, and where approvals stand."""

    def __init__(self, reads: ReadLane, writes: WriteLane) -> None:
        self._reads, self._writes = reads, writes

    async def grant(self, grant_id: str) -> Grant | None:
        return await self._reads.ask(partial(_grant, grant_id=grant_id))

    async def grants(self) -> list[Grant]:
        def question(db: Connection) -> list[Grant]:
            rows = db.execute("SELECT document FROM grants ORDER BY id").fetchall()
            return [documents.read_grant(document) for (document,) in rows]

        return await self._reads.ask(question)

    async def put_grant(self, grant: Grant) -> None:
        def question(db: Connection) -> None:
            row = (grant.id, documents.write(grant))
            db.execute("INSERT OR REPLACE INTO grants VALUES (?, ?)", row)

        await self._writes.ask(question)

    async def change_grant(self, before: Grant, after: Grant) -> bool:
        if after.id != before.id:
            raise ValueError("a change is one of the same grant")

        def question(db: Connection) -> bool:
            if _grant(db, before.id) != before:
                return False
            row = (documents.write(after), after.id)
            db.execute("UPDATE grants SET document = ? WHERE id = ?", row)
            return True

        return await self._writes.ask(question)

    async def enter(self, claim: Claim, debits: Sequence[Debit], now: float) -> Entry:
        def question(db: Connection) -> Entry:
            grant = _authenticate(db, claim, now)
            return _charge(db, grant, debits) if isinstance(grant, Grant) else grant

        if debits:
            # A call is forwarded only once it is recorded, and that record is kept on the disk.
            return await self._writes.ask(question, Kept.PROCESS)
        return await self._reads.look(question)

    async def release(self, debits: Sequence[Debit], now: float) -> None:
        await self._writes.ask(partial(tallies.refund, debits=debits))

    async def tallies(self, debits: Sequence[Debit]) -> tuple[int, ...]:
        stands = await self._reads.ask(partial(tallies.standing, debits=debits))
        return tuple(stands.get(debit.tally, 0) for debit in debits)

    async def hold(
        self, claim: Claim, approval: Approval, now: float, most_pending: int
    ) -> Held | Joined | TooManyPending | Unauthenticated | Paused | Full:
        def question(
            db: Connection,
        ) -> Held | Joined | TooManyPending | Unauthenticated | Paused | Full:
            grant = _authenticate(db, claim, now)
            if not isinstance(grant, Grant):
                return grant
            if same := approvals.by_call_key(db, approval.call_key, now):
                return Joined(same)
            pending = approvals.pending(db, grant.id)
            if pending >= most_pending:
                return TooManyPending(pending)
            entry = _charge(db, grant, approval.debits)
            if isinstance(entry, Full):
                return entry
            approvals.insert(db, approval)
            return Held(approval)

        return await self._writes.ask(question)

    async def approval(self, approval_id: str) -> Approval | None:
        return await self._reads.ask(partial(approvals.by_id, approval_id=approval_id))

    async def approval_by_call_key(self, call_key: str, now: float) -> Approval | None:
        return await self._reads.ask(partial(approvals.by_call_key, call_key=call_key, now=now))

    async def unfinished(self) -> list[Approval]:
        return await self._reads.ask(approvals.unfinished)

    async def approvals(self, limit: int) -> list[Approval]:
        return await self._reads.ask(partial(approvals.newest, limit=limit))

    async def advance(
        self, before: Approval, after: Approval, *, refund: bool, answer: Answer | None = None
    ) -> bool:
        if (after.id, after.version) != (before.id, before.version + 1):
            raise ValueError("a step leads to the next version of the same approval")

        def question(db: Connection) -> bool:
            current = approvals.by_id(db, before.id)
            if current is None or current.version != before.version:
                return False
            if answer and (answer.approval_id != before.id or not approvals.use_link(db, answer)):
                return False
            if answer:
                approvals.store_answer(db, answer)
            if refund:
                tallies.refund(db, before.debits)
            return approvals.replace(db, before, after)

        return await self._writes.ask(question)


def _grant(db: Connection, grant_id: str) -> Grant | None:
    row = db.execute("SELECT document FROM grants WHERE id = ?", (grant_id,)).fetchone()
    return documents.read_grant(row[0]) if row else None


def _authenticate(db: Connection, claim: Claim, now: float) -> Grant | Unauthenticated | Paused:
    grant = _grant(db, claim.grant_id)
    if grant is None or not proves(claim, grant, now):
        return Unauthenticated()
    return Paused(grant) if grant.status is GrantStatus.PAUSED else grant


def _charge(db: Connection, grant: Grant, debits: Sequence[Debit]) -> Entered | Full:
    if not debits:
        return Entered(grant, (), ())
    amounts = tallies.charge(db, debits)
    if isinstance(amounts, Short):
        return Full(grant, amounts.index, amounts.tally)
    return Entered(grant, tuple(debits), amounts)
