"""What the gateway gives a client to bring back: session ids and request states, sealed.

Must not know HTTP or stores. A token opens only for the grant and the server it was made for, so
another grant's is worth nothing, and no container has to remember it.
"""

import binascii
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass
from typing import Protocol

import orjson


class Seal(Protocol):
    """Keeps bytes secret and whole. What was sealed for one context opens in no other."""

    def seal(self, data: bytes, context: str) -> bytes: ...

    def open(self, data: bytes, context: str) -> bytes:
        """Raises where the bytes were changed, or sealed for another context or key."""
        ...


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


class Tokens:
    """Makes and opens tokens of one deployment."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def session(self, grant_id: str, server: str, upstream_id: str) -> str:
        """The session id a client gets for the upstream's own."""
        return self._close(upstream_id.encode(), f"session/{grant_id}/{server}")

    def upstream_session(self, grant_id: str, server: str, token: str) -> str | None:
        """The upstream's session id, or None where the token is not this grant's."""
        data = self._open(token, f"session/{grant_id}/{server}")
        return None if data is None else data.decode()

    def state(self, grant_id: str, server: str, state: State) -> str:
        return self._close(orjson.dumps(asdict(state)), f"state/{grant_id}/{server}")

    def opened_state(
        self, grant_id: str, server: str, token: str, call_key: str, now: float
    ) -> State | None:
        """The state, or None where it is not this grant's, not of this call, or too old."""
        data = self._open(token, f"state/{grant_id}/{server}")
        if data is None:
            return None
        state = State(**orjson.loads(data))
        return state if state.call_key == call_key and now < state.expires_at else None

    def _close(self, data: bytes, context: str) -> str:
        return urlsafe_b64encode(self._seal.seal(data, context)).decode().rstrip("=")

    def _open(self, token: str, context: str) -> bytes | None:
        try:
            sealed = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            return None
        try:
            return self._seal.open(sealed, context)
        except Exception:  # whatever a seal raises, the token is not one of ours
            return None


def nonce() -> str:
    """A name that no other state has."""
    return secrets.token_urlsafe(16)
