"""What the gateway gives a client to bring back: session ids and request states, sealed.

Must not know HTTP or stores. A token opens only for the grant and the server it was made for, so
another grant's is worth nothing, and no container has to remember it.
"""

import secrets
from dataclasses import asdict

import orjson

from compiler.frozen import dataclass
from handler.approvals.call_key import call_key
from handler.gateway import answers
from handler.gateway.answers import Reply
from handler.gateway.head import SESSION
from handler.gateway.protocol import Message
from handler.grants.model import Claim
from handler.sealing import SealBroken, Sealer


@dataclass(frozen=True, slots=True)
class State:
    """One leg of a call that is not finished: held here, or waiting for input upstream."""

    call_key: str
    """The call it belongs to, arguments and all."""
    expires_at: float
    leg: int
    nonce: str
    """Spent when the state comes back: it may be used once."""
    approval: str | None = None
    upstream: str | None = None
    """The upstream's own requestState; empty where it gave none."""


class Foreign(Exception):
    """A token that is not this grant's, not of this call, or too old. `reply` says which kind."""

    def __init__(self, reply: Reply) -> None:
        super().__init__("a token that was not made for this request")
        self.reply = reply


class Tokens:
    """Makes and opens tokens of one deployment."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def session(self, grant_id: str, server: str, upstream_id: str) -> str:
        """The session id a client gets for the upstream's own."""
        return self._sealer.seal_text(upstream_id.encode(), f"session/{grant_id}/{server}")

    def session_of(self, message: Message, claim: Claim) -> str | None:
        """The upstream's session of a legacy request, or None. Raises `Foreign`."""
        token = None if message.modern else message.head.get(SESSION)
        if token is None:
            return None
        try:
            context = f"session/{claim.grant_id}/{claim.server}"
            return self._sealer.open_text(token, context).decode()
        except SealBroken:
            raise Foreign(answers.NO_SESSION) from None

    def state(self, grant_id: str, server: str, state: State) -> str:
        return self._sealer.seal_text(orjson.dumps(asdict(state)), f"state/{grant_id}/{server}")

    def state_of(self, message: Message, claim: Claim, now: float) -> State | None:
        """The state that a modern call brings back, or None. Raises `Foreign`."""
        token = message.params.get("requestState")
        if token is None:
            return None
        try:
            context = f"state/{claim.grant_id}/{claim.server}"
            state = State(**orjson.loads(self._sealer.open_text(str(token), context)))
        except SealBroken:
            raise Foreign(answers.bad_state(message)) from None
        key = call_key(claim.grant_id, claim.server, message.tool, message.arguments)
        if state.call_key != key or now >= state.expires_at:
            raise Foreign(answers.bad_state(message))
        return state


def nonce() -> str:
    """A name that no other state has."""
    return secrets.token_urlsafe(16)
