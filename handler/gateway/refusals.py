"""From a plan and a store's answer to the denial an agent reads. Pure."""

import math

from compiler.names import amount_text
from compiler.verdict import Effect
from handler.gateway.answers import Denial
from handler.gateway.decide import PAUSED, Plan
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
    charge, debit = plan.verdict.charges[entry.index], plan.debits[entry.index]
    left = max(debit.maximum - entry.tally, 0)
    return Denial(
        place=charge.place,
        message=charge.message,
        retry_after=max(math.ceil(debit.ends_at - now), 1),
        remaining=amount_text(left),
    )
