"""A server as it is registered: where it is and how the gateway treats it. Pure."""

import shlex
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from compiler.frozen import dataclass
from handler.oauth.model import Authority

LONGEST_NAME = 63
"""Characters of a server's name. A store need not be asked about a longer one, and may not take it:
then a stranger would make it fail."""


class Sessions(StrEnum):
    """Whether an approved call may run in a session other than the agent's own (legacy only)."""

    OWN = "own"
    INTERCHANGEABLE = "interchangeable"


class Drift(StrEnum):
    """What happens when a tool's definition is not the accepted one."""

    ALLOW = "allow"
    WARN = "warn"
    HOLD = "hold"
    DENY = "deny"

    @property
    def gates(self) -> bool:
        """Whether calls of such a tool are refused."""
        return self in (Drift.HOLD, Drift.DENY)


@dataclass(frozen=True, slots=True)
class Server:
    """One upstream MCP server. `headers` maps names to secret references, never to secrets."""

    name: str
    upstream: str
    """The upstream's MCP endpoint, an absolute URL; empty where it is a command."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """A reference is `env:NAME`, `ssm:NAME` or `secretsmanager:NAME`."""
    policies: Mapping[str, str] = field(default_factory=dict)
    """Policy name -> digest of its artifact."""
    paused: bool = False
    sessions: Sessions = Sessions.OWN
    allow: tuple[str, ...] = ()
    """Method families beside tools that pass: resources, prompts, completion, logging, …"""
    private_network: bool = False
    """Whether the upstream may be on a private or loopback address."""
    command: tuple[str, ...] = ()
    """The program and its arguments, for a server on this machine's standard streams."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables for the command: names to secret references."""

    drift: Drift = Drift.WARN
    narrow: bool = False
    """Whether tools/list shows input schemas narrowed by the grant's policy."""
    oauth: Authority | None = None
    """Whose access tokens are good here beside grant tokens."""
    declared: bool = False
    """Whether a gateway.json is where it comes from: then one that no longer names it ends it."""

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return shlex.join(self.command) or self.upstream
