"""A call's place in a trace, as W3C Trace Context writes it (version 00).

What a client sends is believed for nothing but finding lines that belong together: bounded, of few
characters, and passed over where it is malformed. Must not know where a context travels: HTTP
headers, `_meta` (MCP 2026-07-28, basic, general fields) and stored approvals use the same words.
"""

import re
import secrets
from collections.abc import Mapping

from compiler.frozen import dataclass

PARENT, STATE = "traceparent", "tracestate"

LONGEST_PARENT = 128
"""Characters. Version 00 has 55; later versions may add to them."""

LONGEST_STATE = 512
MOST_MEMBERS = 32
"""What W3C asks to pass on of a `tracestate`; a longer one is left out whole."""

# Compiled with the first client that sends one.
_PARENT = r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
_MEMBER = (
    r"[a-z0-9][a-z0-9_*/@-]{0,255}="
    r"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)

KNOWN_FLAGS = 0b11
"""Sampled, and random trace id (level 2). We sample nothing ourselves, and pass both on."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One call of ours in a trace of its client's, or in one that begins here."""

    id: str
    """32 hex digits."""
    call: str
    """The call's own id, 16 hex digits: the span that an upstream sees as its parent."""
    flags: str = "00"
    state: str = ""
    """The `tracestate` of other vendors."""

    @property
    def parent(self) -> str:
        return f"00-{self.id}-{self.call}-{self.flags}"

    @property
    def carried(self) -> dict[str, str]:
        """What goes on to an upstream, in headers and in `_meta` alike."""
        state = {STATE: self.state} if self.state else {}
        return {PARENT: self.parent, **state}

    @property
    def names(self) -> dict[str, str]:
        """What records and log lines say."""
        return {"call": self.call, "trace": self.id}


def begin(*carriers: Mapping[str, object]) -> Trace:
    """A new call in the trace of the first carrier that has one, or in a new trace."""
    call = secrets.token_hex(8)
    for carrier in carriers:
        parent = carrier.get(PARENT)
        if parent is not None and (found := _read(parent)) is not None:
            return Trace(found.id, call, found.flags, _state(carrier.get(STATE)))
    return Trace(secrets.token_hex(16), call)


def stored(parent: str) -> Trace | None:
    """The call that a kept `traceparent` of ours is about; None for one that says nothing."""
    return _read(parent)


def names(parent: str) -> dict[str, str]:
    """What records and log lines say of such a call; nothing where there is none."""
    found = _read(parent)
    return found.names if found else {}


def _read(parent: object) -> Trace | None:
    if not isinstance(parent, str) or len(parent) > LONGEST_PARENT:
        return None
    found = re.fullmatch(_PARENT, parent)
    if found is None or (found[1] == "00" and found[5]):
        return None
    return Trace(found[2], found[3], f"{int(found[4], 16) & KNOWN_FLAGS:02x}")


def _state(text: object) -> str:
    """The state to pass on; empty where any of it is malformed."""
    if not isinstance(text, str) or len(text) > LONGEST_STATE:
        return ""
    members = [member.strip(" \t") for member in text.split(",")]
    kept = [member for member in members if member]
    if len(kept) > MOST_MEMBERS or not all(re.fullmatch(_MEMBER, each) for each in kept):
        return ""
    return ",".join(kept)
