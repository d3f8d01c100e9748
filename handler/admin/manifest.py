"""What a gateway.json says, as values: servers, policies, grants, approvers and mail. Pure.

Secrets are references, never values. `gateway_json` reads the file; its members are described in
docs/gateway-json.md.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from handler.gateway.server import Drift, Sessions
from handler.notify.smtp import Security
from handler.oauth.model import Issuer

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""Of a server, a policy or a grant."""

RETENTION_DAYS = 90


@dataclass(frozen=True, slots=True)
class Smtp:
    """Where mail goes. `password` is a reference."""

    host: str
    port: int
    security: Security = Security.STARTTLS
    username: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class ServerEntry:
    """One member of `servers`."""

    name: str
    upstream: str
    """Empty where it is a command."""
    policies: Mapping[str, Path] = field(default_factory=dict)
    """Policy name -> its policy.json."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Header name -> reference of its value."""
    private_network: bool = False
    sessions: Sessions = Sessions.OWN
    allow: tuple[str, ...] = ()
    paused: bool | None = None
    """None leaves it as it is: a kill switch that was pulled stays pulled."""
    command: tuple[str, ...] = ()
    """The program and its arguments, for a server on standard streams."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Variable name -> reference of its value, for the command."""
    drift: Drift = Drift.WARN
    narrow: bool = False


@dataclass(frozen=True, slots=True)
class GrantEntry:
    """One member of `grants`; its name is the grant's label."""

    label: str
    server: str
    policy: str | None
    tags: tuple[str, ...] = ()
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """One of `oauth.grants`: access tokens whose claim has this value stand for this grant."""

    claim: str
    value: str
    grant: str
    """The grant's label."""
    server: str
    """The grant's."""


@dataclass(frozen=True, slots=True)
class OAuthEntry:
    """`oauth`: whose access tokens are accepted beside grant tokens."""

    issuer: Issuer
    rules: tuple[RuleEntry, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A whole gateway.json."""

    servers: tuple[ServerEntry, ...]
    grants: tuple[GrantEntry, ...]
    approvers: tuple[str, ...] = ()
    """Who is asked where the policy that holds a call names nobody."""
    mail_from: str = "holdpoint@localhost"
    smtp: Smtp | None = None
    oauth: OAuthEntry | None = None
    public_url: str | None = None
    """Where approvers reach this gateway, when not at the address it listens on."""
    allowed_origins: tuple[str, ...] = ()
    """Web origins whose pages may call, beside the gateway's own."""
    retention_days: int = RETENTION_DAYS
    """How long the embedded world keeps records and finished approvals; 0: for ever."""
