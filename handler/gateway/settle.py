"""The end of a forwarded call: give back or keep what was taken, record it, make the reply.

Must not know how the answer came. Quota comes back only where provably nothing reached the
upstream; in every other end the call may have run, and the reply says so.
"""

import logging

from handler.audit import record
from handler.audit.record import Outcome
from handler.clock import Clock
from handler.gateway import answers
from handler.gateway.admission import Admission, within
from handler.gateway.answers import Reply
from handler.gateway.bounds import Bounds
from handler.gateway.case import Forwarding
from handler.gateway.exchange import Lost, NeverReached
from handler.gateway.methods import SERVER_REQUESTS
from handler.gateway.relay import Answered, End, Unusable, exact
from handler.gateway.tokens import State, Tokens, nonce
from handler.stores.base import Journal, StoreUnavailable

log = logging.getLogger(__name__)

STATE_SECONDS = 3_600
"""How long a client may take to bring the input an upstream asked for."""

TEXTS = {
    Outcome.NEVER_REACHED: "[NOT SENT] The upstream was not reached, so nothing was executed and "
    "{quota}: {reason}.",
    Outcome.LOST: "[OUTCOME UNKNOWN] The call was sent and its answer did not come: {reason}. It "
    "may have been executed; check before you try again.",
    Outcome.UNUSABLE: "[NO RESULT] The call was sent and the upstream's answer cannot be passed "
    "on: {reason}. It may have been executed; check before you try again.",
}


QUOTA = {True: "no quota was used", False: "its quota could not be given back"}


class Settlement:
    """Ends forwarded calls. Never raises: once a call was sent, its reply must say so."""

    def __init__(
        self,
        admission: Admission,
        journal: Journal,
        tokens: Tokens,
        clock: Clock,
        bounds: Bounds,
    ) -> None:
        self._admission, self._journal, self._tokens = admission, journal, tokens
        self._clock, self._bounds = clock, bounds

    async def finish(self, forwarding: Forwarding, end: End) -> Reply:
        """Settle, record, and answer."""
        outcome, reason, reply = self._reading(forwarding, end)
        refunded = outcome is Outcome.NEVER_REACHED and await self._admission.release(
            forwarding.taken, forwarding.at
        )
        entry = record.ended(
            forwarding.case.trace, self._clock.now(), outcome, reason, refunded=refunded
        )
        try:
            await within(self._bounds.store_seconds, self._journal.note(entry))
        except StoreUnavailable:
            log.error("the end of a call could not be recorded: %s", outcome)
        if reply is not None:
            return reply
        text = TEXTS[outcome].format(reason=reason, quota=QUOTA[refunded])
        facts = {"outcome": outcome.value, **forwarding.case.trace.names}
        return answers.failed(forwarding.case.message, text, facts)

    def _reading(self, forwarding: Forwarding, end: End) -> tuple[Outcome, str, Reply | None]:
        """What the end means, why, and the reply where the upstream gave one."""
        message = forwarding.case.message
        if isinstance(end, NeverReached):
            return Outcome.NEVER_REACHED, end.reason, None
        if isinstance(end, Lost):
            return Outcome.LOST, end.reason, None
        if end.status == 404 and forwarding.case.session is not None:
            return Outcome.UNUSABLE, "its session is over", answers.NO_SESSION
        if isinstance(end, Unusable):
            return Outcome.UNUSABLE, end.reason, None
        if "error" in end.body:
            return Outcome.ANSWERED, "error", answers.passed_error(message, end.body, end.status)
        kind = end.body["result"].get("resultType", answers.COMPLETE)
        if kind == answers.COMPLETE:
            return _complete(end)
        if kind == answers.INPUT_REQUIRED and message.modern:
            return self._asked(forwarding, end)
        return Outcome.UNUSABLE, "it gave a kind of result that is not served here", None

    def _asked(self, forwarding: Forwarding, end: Answered) -> tuple[Outcome, str, Reply | None]:
        """The upstream asks for input: its state goes to the client sealed, for this call only."""
        case, allow = forwarding.case, forwarding.seen.server.allow
        wanted = end.body["result"].get("inputRequests") or {}
        if not all(_family(each) in allow for each in wanted.values()):
            return Outcome.UNUSABLE, "it asks for input that is not allowed for this server", None
        state = State(
            call_key=case.key,
            expires_at=self._clock.now() + STATE_SECONDS,
            leg=case.state.leg + 1 if case.state else 1,
            nonce=nonce(),
            upstream=end.body["result"].get("requestState") or "",
        )
        try:
            body = exact(end.raw)
        except ValueError:
            return Outcome.UNUSABLE, "its answer cannot be read", None
        grant, server = case.claim.grant_id, case.claim.server
        body["result"]["requestState"] = self._tokens.state(grant, server, state)
        raw = answers.dump(body)
        if len(raw) > self._bounds.largest_answer:
            return Outcome.UNUSABLE, "its answer is too large", None
        return Outcome.ANSWERED, "input required", Reply(200, raw)


def _complete(end: Answered) -> tuple[Outcome, str, Reply | None]:
    """The result as it came, but what only the gateway may say of a call."""
    meta = end.body["result"].get("_meta")
    if not isinstance(meta, dict) or answers.DECISION_KEY not in meta:
        return Outcome.ANSWERED, "result", Reply(200, end.raw)
    try:
        body = exact(end.raw)
    except ValueError:
        return Outcome.UNUSABLE, "its answer cannot be read", None
    del body["result"]["_meta"][answers.DECISION_KEY]
    return Outcome.ANSWERED, "result", Reply(200, answers.dump(body))


def _family(asked: object) -> str:
    """The family that must be allowed for an upstream to ask this; empty for what is unknown."""
    method = asked.get("method") if isinstance(asked, dict) else None
    return SERVER_REQUESTS.get(method, "") if isinstance(method, str) else ""
