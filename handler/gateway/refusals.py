"""From a plan and a store's answer to the denial an agent reads. Pure."""

from compiler.verdict import Effect
from handler.gateway.answers import Denial
from handler.gateway.decide import PAUSED, Plan
from handler.limits.refusal import refusal
from handler.stores.ledger import Entered, Full, Paused


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
