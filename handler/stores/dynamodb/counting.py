"""Taking and giving back: the ledger's writes of tallies, from what is asked to the answer.

Without debits a claim is checked by one read. Debits of the grant alone are one conditional write
of its item. Debits that reach other items are one transaction, whose answer carries no amounts, so
they are read afterwards.
"""

import asyncio
from collections.abc import Sequence

from handler.grants.model import Claim, Grant
from handler.limits.debits import Debit, Tally, take
from handler.stores.base import StoreUnavailable
from handler.stores.dynamodb import grant_item
from handler.stores.dynamodb.attributes import Item
from handler.stores.dynamodb.connection import Cancelled, ConditionFailed, Reason
from handler.stores.dynamodb.grant_item import Leftovers
from handler.stores.dynamodb.lanes import Lanes, Slot
from handler.stores.dynamodb.tables import Table
from handler.stores.dynamodb.tallies import (
    Demand,
    demands,
    give_back_apart,
    never_fits,
    refundable,
    standing_apart,
    standing_within,
    take_apart,
)
from handler.stores.dynamodb.update import Update
from handler.stores.ledger import Entered, Entry, Full

ATTEMPTS = 3
"""How often a write is planned anew where what it was to clean changed in between."""

MOST_REMEMBERED = 1000
"""How many grants' leftovers are remembered for the next write to clean."""


class Counting:
    """The tallies in the ledger's table."""

    def __init__(self, table: Table, lanes: Lanes) -> None:
        self._table = table
        self._lanes = lanes
        self._leftovers: dict[str, Leftovers] = {}

    async def enter(self, claim: Claim, debits: Sequence[Debit], now: float) -> Entry:
        """The ledger's `enter`."""
        asked = demands(debits)
        if not asked or never_fits(asked):
            return await self._look(claim, debits, now)
        take_all = self._take_with_others if any(d.apart for d in asked) else self._take
        for _ in range(ATTEMPTS):
            with self._lanes.lend(now) as slot:
                entry = await take_all(claim, debits, slot, now)
            if entry is not None:
                return entry
        raise StoreUnavailable("the grant changed faster than it could be charged")

    async def release(self, debits: Sequence[Debit], now: float) -> None:
        """The ledger's `release`: one write for each grant, one transaction for the others."""
        asked = demands(debits)
        within = [demand for demand in asked if not demand.apart]
        for grant_id in sorted({demand.tally[1] for demand in within}):
            share = [demand for demand in within if demand.tally[1] == grant_id]
            await self._give_back(grant_id, share, now)
        await self._give_back_apart([demand for demand in asked if demand.apart], now)

    async def standing(self, asked: Sequence[Demand]) -> dict[Tally, int]:
        """What tallies stand at; one that is not there is left out."""
        keys = sorted({_holder(demand) for demand in asked})
        found = await asyncio.gather(*map(self._table.get, keys))
        items = dict(zip(keys, found, strict=True))
        stands: dict[Tally, int] = {}
        for demand in asked:
            item = items[_holder(demand)]
            stands |= (
                standing_apart(item, demand) if demand.apart else standing_within(item, [demand])
            )
        return stands

    def entering(self, claim: Claim, asked: Sequence[Demand], slot: Slot, now: float) -> Update:
        """The write of the grant's item that authenticates, takes, and cleans what was left."""
        within = [demand for demand in asked if not demand.apart]
        old = self._leftovers.pop(claim.grant_id, Leftovers())
        return grant_item.entering(self._table.name, claim, within, slot, now, old)

    async def _look(self, claim: Claim, debits: Sequence[Debit], now: float) -> Entry:
        """Answer by reading: there is nothing to take, or more than there can ever be."""
        item = await self._table.get(grant_item.key(claim.grant_id))
        known = grant_item.authenticate(item, claim, now)
        if item is not None and isinstance(known, Grant):
            self._remember(claim.grant_id, item, now)  # all that a new process ever sees before
        if not isinstance(known, Grant) or not debits:
            return Entered(known, (), ()) if isinstance(known, Grant) else known
        return _full(known, debits, await self.standing(demands(debits)))

    async def _take(
        self, claim: Claim, debits: Sequence[Debit], slot: Slot, now: float
    ) -> Entry | None:
        """None where nothing stood against it but what was to be cleaned."""
        asked = demands(debits)
        try:
            item = await self._table.update(self.entering(claim, asked, slot, now))
        except ConditionFailed as failed:
            if failed.item is None or not grant_item.holds_mark(failed.item, slot):
                return _refusal(
                    failed.item, claim, debits, standing_within(failed.item, asked), now
                )
            item = failed.item
        self._remember(claim.grant_id, item, now)
        return _entered(grant_item.read(item), debits, standing_within(item, asked))

    async def _take_with_others(
        self, claim: Claim, debits: Sequence[Debit], slot: Slot, now: float
    ) -> Entry | None:
        asked = demands(debits)
        apart = [demand for demand in asked if demand.apart]
        others = [take_apart(self._table.name, demand) for demand in apart]
        entering = self.entering(claim, asked, slot, now)
        grant_key = grant_item.key(claim.grant_id)
        try:
            await self._table.transact([entering, *others], slot.token)
        except Cancelled as cancelled:
            own, *reasons = cancelled.reasons
            item = own.item if own.failed else await self._table.get(grant_key)
            met = met_by(own, reasons, asked)
            return _refusal(item, claim, debits, met, now)
        item, now_at = await asyncio.gather(self._table.get(grant_key), self.standing(apart))
        if item is None:
            raise StoreUnavailable("the grant went away while it was charged")
        self._remember(claim.grant_id, item, now)
        return _entered(grant_item.read(item), debits, now_at | standing_within(item, asked))

    async def _give_back(self, grant_id: str, share: list[Demand], now: float) -> None:
        """What was cleaned away with its window is left as it is."""
        while share:
            with self._lanes.lend(now) as slot:
                update = grant_item.refunding(self._table.name, grant_id, share, slot)
                try:
                    await self._table.update(update)
                    return
                except ConditionFailed as failed:
                    if grant_item.holds_mark(failed.item, slot):
                        return
                    share = _shrunk(share, refundable(share, standing_within(failed.item, share)))

    async def _give_back_apart(self, share: list[Demand], now: float) -> None:
        while share:
            with self._lanes.lend(now) as slot:
                updates = [give_back_apart(self._table.name, demand) for demand in share]
                try:
                    await self._table.transact(updates, slot.token)
                    return
                except Cancelled as cancelled:
                    pairs = zip(share, cancelled.reasons, strict=True)
                    share = _shrunk(share, [demand for demand, why in pairs if not why.failed])

    def _remember(self, grant_id: str, item: Item, now: float) -> None:
        self._leftovers.pop(grant_id, None)
        left = grant_item.leftovers(item, now)
        if left != Leftovers():
            self._leftovers[grant_id] = left
        if len(self._leftovers) > MOST_REMEMBERED:
            del self._leftovers[next(iter(self._leftovers))]


def met_by(own: Reason, others: Sequence[Reason], asked: Sequence[Demand]) -> dict[Tally, int]:
    """What a cancelled transaction met. A tally whose condition held is left out: it had room.

    `own` is the reason of the grant's item, `others` those of the tallies apart, in order.
    """
    met = standing_within(own.item, asked) if own.failed else {}
    for demand, reason in zip([d for d in asked if d.apart], others, strict=True):
        met |= standing_apart(reason.item, demand) if reason.failed else {}
    return met


def _holder(demand: Demand) -> str:
    return demand.key if demand.apart else grant_item.key(demand.tally[1])


def _shrunk(share: list[Demand], left: list[Demand]) -> list[Demand]:
    if len(left) == len(share):
        raise StoreUnavailable("what was taken could not be given back")
    return left


def _entered(grant: Grant, debits: Sequence[Debit], stands: dict[Tally, int]) -> Entered:
    tallies = tuple(stands.get(debit.tally, debit.cost) for debit in debits)
    return Entered(grant, tuple(debits), tallies)


def _refusal(
    item: Item | None, claim: Claim, debits: Sequence[Debit], met: dict[Tally, int], now: float
) -> Entry | None:
    """Why the write was refused, or None where it may pass when planned anew."""
    known = grant_item.authenticate(item, claim, now)
    if not isinstance(known, Grant):
        return known
    short = take(debits, met)
    return None if isinstance(short, dict) else Full(known, short.index, short.tally)


def _full(grant: Grant, debits: Sequence[Debit], met: dict[Tally, int]) -> Full:
    short = take(debits, met)
    if isinstance(short, dict):
        raise StoreUnavailable("a debit that never fits was found to fit")
    return Full(grant, short.index, short.tally)
