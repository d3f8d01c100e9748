"""From a plan and a store's answer to the denial an agent reads. Pure."""

import math

from compiler.verdict import Effect, Place
from handler.approvals.service import TooManyAsks, Unanswerable
from handler.gateway.answers import Denial
from handler.gateway.decide import PAUSED, Plan
from handler.limits.refusal import refusal
from handler.stores.ledger import Entered, Full, Paused, TooManyPending

PENDING = Place("(approvals)")


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
    charge = plan.verdict.charges[entry.index]
    found = refusal(charge, plan.debits[entry.index], entry.tally, now)
    return Denial(charge.place, found.message, found.retry_after, found.remaining)


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
