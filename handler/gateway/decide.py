"""The verdict on one call under a grant and a server as they were read.

Must not know requests, or whether what was read still holds: `enforce` and `judge` see to that.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from compiler import names
from compiler.frozen import dataclass
from compiler.verdict import Call, Effect, Place, Verdict
from handler.decision.spellings import Variant
from handler.gateway import mirror
from handler.gateway.exchange import unheard
from handler.gateway.protocol import PLAIN_NAME
from handler.gateway.server import Drift, Server
from handler.gateway.watch import Watch
from handler.grants.model import Grant, GrantStatus
from handler.limits.debits import Debit
from handler.limits.plan import debits
from handler.limits.shards import Dealer
from handler.policies.current import Policies, PolicyEngine

NO_POLICY = Place(names.NO_POLICY)
LONGEST_NAME = 64
"""Characters of an agent's own name that its denial repeats."""

PAUSED = Place("(paused)")
ODD_NAME = Place("(tool name)")
VARIANT = Place("(argument name)")
GONE = Place("(grant)")
DRIFT = Place("(drift)")
HEADER = Place("(header)")
"""Its message is the header's name."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A verdict, the policy it came from, and what it takes from tallies."""

    verdict: Verdict
    revision: str | None
    debits: tuple[Debit, ...] = ()

    @property
    def admits(self) -> bool:
        """Whether the call goes on at once where its limits have room."""
        return self.verdict.effect is Effect.ALLOW


def denial(place: Place, message: str) -> Plan:
    """A plan that denies before any policy is asked."""
    return Plan(Verdict(Effect.DENY, place, message), None)


def _misread(variant: Variant) -> str:
    return (
        f"a server may take `{variant.name[:LONGEST_NAME]}` for `{variant.read}`, which the policy "
        "reads; spell it so."
    )


class Decider:
    """Asks the policy in force."""

    def __init__(self, policies: Policies, per_key: bytes, watch: Watch | None = None) -> None:
        """`watch` knows the tools' definitions; without it, servers that gate them deny all."""
        self._policies = policies
        self._per_key = per_key
        self._dealer = Dealer(secrets.randbelow)
        self.watch = watch

    async def plan(
        self,
        grant: Grant,
        server: Server,
        call: Call,
        session: str | None,
        now: float,
        given: Mapping[str, str] | None = None,
    ) -> Plan:
        """What should happen to the call. Raises where the policy cannot be had.

        `given` are the headers in which the agent repeats arguments.
        """
        if grant.status is GrantStatus.PAUSED or server.paused:
            who = "this server" if server.paused else "this grant"
            return denial(PAUSED, f"{who} is paused; an operator can resume it.")
        digest = None if grant.policy is None else server.policies.get(grant.policy)
        if digest is None:
            return denial(NO_POLICY, "this grant has no policy, so every call is denied.")
        engine = await self._policies.engine(digest)
        if not PLAIN_NAME.fullmatch(call.tool) and not engine.lists(call.tool):
            return denial(ODD_NAME, "a tool with this name must be listed exactly in the policy.")
        verdict = engine.decide(call, grant.subject, now)
        if verdict.effect is not Effect.DENY and (variant := engine.variant(call)) is not None:
            return replace(denial(VARIANT, _misread(variant)), revision=digest)
        if given and verdict.effect is not Effect.DENY:
            odd = await self._contradicted(server, call, given)
            if odd is not None:
                return replace(denial(HEADER, odd), revision=digest)
        if server.drift.gates and verdict.effect is not Effect.DENY:
            reason = await self._drifted(server, call.tool, session)
            if reason is not None:
                return replace(denial(DRIFT, reason), revision=digest)
        taken = debits(
            verdict.charges,
            grant_id=grant.id,
            session=session,
            server=server.name,
            now=now,
            per_key=self._per_key,
            dealer=self._dealer,
        )
        return Plan(verdict, digest, taken)

    async def _drifted(self, server: Server, tool: str, session: str | None) -> str | None:
        if self.watch is None:
            return "the definitions of this server's tools cannot be checked here."
        return await self.watch.refusal(server, tool, session)

    async def _contradicted(
        self, server: Server, call: Call, given: Mapping[str, str]
    ) -> str | None:
        """A header that says something else than its argument; known where the definition is."""
        if self.watch is None or server.drift is Drift.ALLOW:
            return None
        definition = await self.watch.definition(server.name, call.tool)
        return definition and mirror.contradicted(definition, call.arguments, given)

    def changes(self, server: Server) -> Callable[[], None]:
        """What to tell when the server says that its tools are others now."""
        return unheard if self.watch is None else partial(self.watch.changed, server)

    async def engine(self, grant: Grant, server: Server) -> PolicyEngine | None:
        """The policy in force, or None where the grant has none."""
        digest = None if grant.policy is None else server.policies.get(grant.policy)
        return None if digest is None else await self._policies.engine(digest)
