"""Grants, their tallies, and where approvals stand.

What a call takes is `counting`'s; here it meets approvals: holding and every later step are one
transaction each, over the approval, its call, the grant that pays and the tallies it took.
"""

import secrets
from collections.abc import Sequence

from handler.approvals.model import Answer, Approval
from handler.grants.model import Claim, Grant
from handler.limits.debits import Debit, Short, Tally, take
from handler.stores.base import StoreUnavailable
from handler.stores.dynamodb import approval_items, grant_item
from handler.stores.dynamodb.attributes import Item
from handler.stores.dynamodb.connection import Cancelled, ConditionFailed
from handler.stores.dynamodb.counting import ATTEMPTS, Counting, met_by
from handler.stores.dynamodb.lanes import Lanes
from handler.stores.dynamodb.tables import Put, Table
from handler.stores.dynamodb.tallies import demands, never_fits, take_apart
from handler.stores.dynamodb.update import Update
from handler.stores.ledger import Entry, Full, Held, Joined, Paused, TooManyPending, Unauthenticated

Holding = Held | Joined | TooManyPending | Unauthenticated | Paused | Full


class DynamoLedger:
    """The Ledger port. `answers` names the table that an answer is written to in its step."""

    def __init__(self, table: Table, answers: str) -> None:
        self._table = table
        self._answers = answers
        self._lanes = Lanes()
        self._counting = Counting(table, self._lanes)

    async def grant(self, grant_id: str) -> Grant | None:
        item = await self._table.get(grant_item.key(grant_id))
        return grant_item.read(item) if item else None

    async def grants(self) -> list[Grant]:
        items = await self._table.get_all(await self._table.listed("grant"))
        return sorted(map(grant_item.read, items.values()), key=lambda grant: grant.id)

    async def put_grant(self, grant: Grant) -> None:
        await self._table.update(grant_item.storing(self._table.name, grant))

    async def change_grant(self, before: Grant, after: Grant) -> bool:
        if after.id != before.id:
            raise ValueError("a change is one of the same grant")
        try:
            await self._table.update(grant_item.changing(self._table.name, before, after))
        except ConditionFailed as failed:
            # It may have been this very write, whose answer was lost.
            return failed.item is not None and grant_item.read(failed.item) == after
        return True

    async def enter(self, claim: Claim, debits: Sequence[Debit], now: float) -> Entry:
        async with self._table.one_step():
            return await self._counting.enter(claim, debits, now)

    async def release(self, debits: Sequence[Debit], now: float) -> None:
        async with self._table.one_step():
            await self._counting.release(debits, now)

    async def tallies(self, debits: Sequence[Debit]) -> tuple[int, ...]:
        standing = await self._counting.standing(demands(debits))
        return tuple(standing.get(debit.tally, 0) for debit in debits)

    async def hold(
        self, claim: Claim, approval: Approval, now: float, most_pending: int
    ) -> Holding:
        async with self._table.one_step():
            for _ in range(ATTEMPTS):
                holding = await self._hold(claim, approval, now, most_pending)
                if holding is not None:
                    return holding
        raise StoreUnavailable("the grant changed faster than the call could be held")

    async def approval(self, approval_id: str) -> Approval | None:
        item = await self._table.get(approval_items.key(approval_id))
        return approval_items.read(item) if item else None

    async def approval_by_call_key(self, call_key: str, now: float) -> Approval | None:
        item = await self._table.get(approval_items.call_key(call_key))
        if item is None or item["until"] <= now:
            return None
        return await self.approval(item["id"])

    async def unfinished(self) -> list[Approval]:
        keys = await self._table.listed(approval_items.OPEN)
        found = [approval for approval in await self._read(keys) if not approval.status.is_final]
        return sorted(found, key=lambda approval: approval.created_at)

    async def approvals(self, limit: int) -> list[Approval]:
        newest = [
            await self._table.listed(listing, newest=limit)
            for listing in (approval_items.OPEN, approval_items.DONE)
        ]
        found = await self._read([*dict.fromkeys(newest[0] + newest[1])])
        return sorted(found, key=lambda approval: approval.created_at, reverse=True)[:limit]

    async def advance(
        self, before: Approval, after: Approval, *, refund: bool, answer: Answer | None = None
    ) -> bool:
        if (after.id, after.version) != (before.id, before.version + 1):
            raise ValueError("a step leads to the next version of the same approval")
        from handler.stores.dynamodb.advancing import Step  # no call takes one but a held one

        step = Step(self._table.name, self._answers, before, after, refund, answer)
        async with self._table.one_step():
            while True:
                deciding, tidying = step.deciding(), step.tidying()
                try:
                    await self._table.transact([*deciding, *tidying], secrets.token_hex(16))
                    return True
                except Cancelled as cancelled:
                    reasons = cancelled.reasons
                if any(reason.failed for reason in reasons[: len(deciding)]):
                    return False
                step.learn(tidying, reasons[len(deciding) :])

    async def _read(self, keys: Sequence[str]) -> list[Approval]:
        return [approval_items.read(item) for item in (await self._table.get_all(keys)).values()]

    async def _hold(
        self, claim: Claim, approval: Approval, now: float, most_pending: int
    ) -> Holding | None:
        """None where it may pass when planned anew."""
        asked = demands(approval.debits)
        table = self._table.name
        if most_pending < 1 or never_fits(asked):
            item = await self._table.get(grant_item.key(claim.grant_id))
            stands = await self._counting.standing(asked)
            return await self._refuse(claim, approval, now, most_pending, item, stands)
        with self._lanes.lend(now) as slot:
            entering = self._counting.entering(claim, asked, slot, now)
            entering.require_at_most(most_pending - 1, grant_item.PENDING)
            entering.add(1, grant_item.PENDING)
            writes: list[Update | Put] = [
                approval_items.claiming_call(table, approval, now),
                approval_items.creating(table, approval),
                entering,
                *(take_apart(table, demand) for demand in asked if demand.apart),
            ]
            try:
                await self._table.transact(writes, slot.token)
                return Held(approval)
            except Cancelled as cancelled:
                _, _, own, *others = cancelled.reasons
        item = own.item if own.failed else await self._table.get(entering.key)
        met = met_by(own, others, asked)
        return await self._refuse(claim, approval, now, most_pending, item, met)

    async def _refuse(
        self,
        claim: Claim,
        approval: Approval,
        now: float,
        most_pending: int,
        item: Item | None,
        stands: dict[Tally, int],
    ) -> Holding | None:
        known = grant_item.authenticate(item, claim, now)
        if item is None or not isinstance(known, Grant):
            return known if not isinstance(known, Grant) else None
        rival = await self.approval_by_call_key(approval.call_key, now)
        if rival is not None:
            return Joined(rival)
        pending = item.get(grant_item.PENDING, 0)
        if pending >= most_pending:
            return TooManyPending(pending)
        short = take(approval.debits, stands)
        return Full(known, short.index, short.tally) if isinstance(short, Short) else None
