"""One step of an approval's life as one transaction. Pure.

Two of its writes decide: the approval still stands where the step starts, and the answer's link is
unused. The others tidy up, and what they find gone is left out when the step is planned again: a
tally cleaned after its window, a call that another approval answers by now.
"""

from collections.abc import Sequence

from handler.approvals.lifecycle import Status
from handler.approvals.model import Answer, Approval
from handler.stores.base import StoreUnavailable
from handler.stores.dynamodb import approval_items, grant_item
from handler.stores.dynamodb.answers import answering
from handler.stores.dynamodb.connection import Reason
from handler.stores.dynamodb.tallies import (
    demands,
    give_back_apart,
    give_back_within,
    refundable,
    standing_within,
)
from handler.stores.dynamodb.update import Update


class Step:
    """From `before` to `after`; what is still to be tidied shrinks with each refusal."""

    def __init__(
        self,
        ledger: str,
        answers: str,
        before: Approval,
        after: Approval,
        refund: bool,
        answer: Answer | None,
    ) -> None:
        self._ledger, self._answers = ledger, answers
        self._before, self._after, self._answer = before, after, answer
        asked = demands(before.debits) if refund else []
        self._within = [demand for demand in asked if not demand.apart]
        self._apart = [demand for demand in asked if demand.apart]
        self._frees = before.status is Status.PENDING and after.status is not Status.PENDING
        self._ends_call = approval_items.answers_until(before) != approval_items.answers_until(
            after
        )

    def deciding(self) -> list[Update]:
        """The writes whose refusal means that another was first."""
        deciding = [approval_items.replacing(self._ledger, self._before, self._after)]
        if self._answer:
            deciding += answering(self._answers, self._before.id, self._answer)
        return deciding

    def tidying(self) -> list[Update]:
        tidying = [give_back_apart(self._ledger, demand) for demand in self._apart]
        if self._within or self._frees:
            tidying.append(self._repaying())
        if self._ends_call:
            tidying.append(approval_items.ending_call(self._ledger, self._after))
        return tidying

    def learn(self, writes: Sequence[Update], reasons: Sequence[Reason]) -> None:
        """Leave out what these tidying writes were refused for."""
        refused = {
            write.key: reason.item
            for write, reason in zip(writes, reasons, strict=True)
            if reason.failed
        }
        if not refused:
            raise StoreUnavailable("an approval's step was cancelled without a reason")
        self._apart = [demand for demand in self._apart if demand.key not in refused]
        self._ends_call &= approval_items.call_key(self._after.call_key) not in refused
        grant = grant_item.key(self._before.grant_id)
        if grant in refused:
            there = standing_within(refused[grant], self._within)
            left = refundable(self._within, there)
            frees = self._frees and (refused[grant] or {}).get(grant_item.PENDING, 0) >= 1
            if (left, frees) == (self._within, self._frees):
                raise StoreUnavailable("what an approval took could not be given back")
            self._within, self._frees = left, frees

    def _repaying(self) -> Update:
        update = Update(self._ledger, grant_item.key(self._before.grant_id))
        give_back_within(update, self._within)
        if self._frees:
            update.require(f"{update.at(grant_item.PENDING)} >= {update.value(1)}")
            update.add(-1, grant_item.PENDING)
        return update
