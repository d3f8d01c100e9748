"""What a full tally means to the agent whose call did not fit. Pure: time is an argument.

Must not know MCP: the gateway puts these facts into its answer.
"""

import math

from compiler.frozen import dataclass
from compiler.names import amount_text
from compiler.verdict import Charge
from handler.limits.debits import Debit


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call did not fit, and what may be tried."""

    message: str
    retry_after: int | None
    """Whole seconds until the window ends, at least 1; None where waiting can never help."""
    remaining: str
    """What the window still has room for, as a decimal."""


def refusal(charge: Charge, debit: Debit, tally: int, now: float) -> Refusal:
    """The refusal of a debit that found its tally at `tally` micro-units.

    `charge` is what the debit was made of.
    """
    remaining = amount_text(max(debit.maximum - tally, 0))
    if debit.cost > debit.maximum:
        advice = f"This call takes {amount_text(debit.cost)}, more than the limit ever admits."
        return Refusal(f"{charge.message} {advice}".lstrip(), None, remaining)
    seconds = max(math.ceil(debit.ends_at - now), 1)
    advice = (
        f"This call takes {amount_text(debit.cost)} and {remaining} is left; "
        f"the limit starts again in {seconds} s."
    )
    return Refusal(f"{charge.message} {advice}".lstrip(), seconds, remaining)
