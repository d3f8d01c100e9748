"""Decides a stored call again before it runs: today's grant, server and policy, without limits.

Implements the approvals' `Judge`. Must not know how the call came to be approved.
"""

from collections.abc import Mapping

from compiler.values import Value
from compiler.verdict import Call, Effect, Verdict
from handler.approvals.model import Approval
from handler.gateway.decide import GONE, Decider
from handler.grants.model import Grant, GrantStatus
from handler.stores.base import Registry
from handler.stores.ledger import Ledger


class StoredCallJudge:
    """Judges approved calls from what the store holds now."""

    def __init__(self, registry: Registry, ledger: Ledger, decider: Decider) -> None:
        self._registry, self._ledger, self._decider = registry, ledger, decider

    async def judge(
        self, approval: Approval, arguments: Mapping[str, Value], now: float
    ) -> Verdict:
        """The verdict as of `now`. Raises where the store or the policy cannot be had."""
        grant = await self._ledger.grant(approval.grant_id)
        server = await self._registry.server(approval.server)
        if grant is None or server is None or not _stands(grant, approval, now):
            message = "its grant is revoked, expired or gone, so it may not run."
            return Verdict(Effect.DENY, GONE, message)
        self._decider.changes(server)()  # what the tool is, is asked now: the last list was before
        call = Call(approval.tool, arguments)
        plan = await self._decider.plan(grant, server, call, approval.origin.session, now)
        return plan.verdict


def _stands(grant: Grant, approval: Approval, now: float) -> bool:
    in_time = grant.expires_at is None or now < grant.expires_at
    return grant.status is not GrantStatus.REVOKED and in_time and grant.server == approval.server
