"""From a plan and a store's answer to the denial an agent reads. Pure."""

import math
from decimal import Decimal

from compiler.verdict import Effect, Place
from handler.approvals.service import TooManyAsks, Unanswerable
from handler.gateway.answers import Denial
from handler.gateway.decide import PAUSED, Plan
from handler.stores.ledger import Entered, Full, Paused, TooManyPending

PENDING = Place("(approvals)")

MICRO = -6


def denial(plan: Plan, entry: Entered | Full | Paused, now: float) -> Denial | None:
    """The denial of a call, or None where it is admitted or must be approved."""
    if isinstance(entry, Paused):
        return Denial(PAUSED, "this grant is paused; an operator can resume it.")
    if plan.verdict.effect is Effect.DENY:
        assert plan.verdict.place is not None
        return Denial(plan.verdict.place, plan.verdict.message)
    return full(plan, entry, now) if isinstance(entry, Full) else None


def full(plan: Plan, entry: Full, now: float) -> Denial:
    """The denial that names the limit without room."""
    charge, debit = plan.verdict.charges[entry.index], plan.debits[entry.index]
    left = max(debit.maximum - entry.tally, 0)
    return Denial(
        place=charge.place,
        message=charge.message,
        retry_after=max(math.ceil(debit.ends_at - now), 1),
        remaining=_decimal(left),
    )


def _decimal(micro_units: int) -> str:
    """Millionths as a plain decimal without trailing zeros."""
    text = f"{Decimal(micro_units).scaleb(MICRO):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def not_asked(
    outcome: TooManyPending | TooManyAsks | Unanswerable | Paused | Full, plan: Plan, now: float
) -> Denial:
    """Why nobody was asked about a call that needs an approval."""
    if isinstance(outcome, Full):
        return full(plan, outcome, now)
    if isinstance(outcome, Paused):
        return Denial(PAUSED, "this grant is paused; an operator can resume it.")
    if isinstance(outcome, Unanswerable):
        return Denial(outcome.place, "this call needs an approval that nobody is there to give.")
    if isinstance(outcome, TooManyPending):
        text = f"{outcome.pending} calls of this grant wait for approval; wait for an answer first."
        return Denial(PENDING, text)
    retry_after = max(math.ceil(outcome.until - now), 1)
    text = "this grant has asked for as many approvals as it may in one hour; try again later."
    return Denial(PENDING, text, retry_after=retry_after)
