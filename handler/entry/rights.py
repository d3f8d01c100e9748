"""What the identity that works may do with a stack beside its tables: its sealing keys, its log.

The log is looked at for a record that must be there: so it shows that the gateway records, too.
"""

from collections.abc import Awaitable, Callable

from handler.admin import probe
from handler.admin.doctor import MOST_DRIFT
from handler.admin.findings import Finding, State
from handler.clock import Clock
from handler.entry.stack import Stack
from handler.failure import CannotRun
from handler.stores.base import Journal, NotAllowed, StoreUnavailable

LOG_SECONDS = 30.0
"""How long CloudWatch may take to show a line: a few seconds, mostly."""

ATTACH = "attach the stack's admin policy (its AdminPolicyArn output) to your identity"


async def keys(stack: Stack) -> Finding:
    """Whether held calls can be opened and answered."""
    try:
        await stack.seal()
    except CannotRun as error:
        return Finding("sealing keys", State.WRONG, str(error), ATTACH)
    return Finding("sealing keys", State.FINE, "you may read what held calls are sealed with")


async def log(
    journal: Journal, since: float, clock: Clock, pause: Callable[[float], Awaitable[None]]
) -> Finding:
    """Whether the probe's call is in the log, and may be read there."""
    what, deadline = "log", clock.now() + LOG_SECONDS
    while True:
        try:
            if await _has_record(journal, since, clock.now()):
                return Finding(what, State.FINE, "has the records of these calls")
        except NotAllowed as error:
            return Finding(what, State.WRONG, str(error), ATTACH)
        except StoreUnavailable as error:
            return Finding(what, State.WRONG, str(error), "deploy the stack again")
        if clock.now() >= deadline:
            break
        await pause(1.0)
    told = f"has no record of these calls after {LOG_SECONDS:.0f} s"
    return Finding(what, State.UNTOLD, told, f"try `holdpoint log search --grant {probe.NAME}`")


async def _has_record(journal: Journal, since: float, now: float) -> bool:
    """By the gateway's clock, which may differ from this one's."""
    async for record in journal.between(since - MOST_DRIFT, now + MOST_DRIFT):
        if record["record"] == "decided" and record["label"] == probe.NAME:
            return True
    return False
