"""gateway.json: servers, policies, grants, approvers and mail in one file.

Reads the file strictly into frozen dataclasses; must not know stores, networks or what is already
deployed. Every error names the member and says what to do, and all of them are reported at once.
Secrets are references, never values. The members are described in docs/gateway-json.md.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from handler.admin.members import Fault, Member
from handler.gateway.server import Drift, Sessions
from handler.notify.smtp import Security
from handler.oauth.model import Issuer

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
ADDRESS = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")
ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
SECRET = re.compile(r"(env|ssm|secretsmanager):\S+")
HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A field name (RFC 9110, section 5.1)."""
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RETENTION_DAYS, LONGEST_RETENTION = 90, 36_500
FAMILIES = ("resources", "prompts", "completion", "logging", "sampling", "elicitation", "roots")


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


class ManifestError(Exception):
    """The file cannot be used. `faults` says everything that is wrong with it."""

    def __init__(self, file: str, faults: list[Fault]) -> None:
        super().__init__("\n".join(f"{file}: {fault}" for fault in faults))
        self.faults = faults


def load(path: Path) -> Manifest:
    """The manifest in a file. Raises `ManifestError`, or OSError where it cannot be read."""
    return parse(path.read_bytes(), folder=path.parent, file=str(path))


def parse(text: bytes, folder: Path = Path(), file: str = "gateway.json") -> Manifest:
    """The manifest a text spells; policy paths are taken from `folder`. Raises `ManifestError`."""
    try:
        document = json.loads(text.decode(), object_pairs_hook=_members_once)
    except UnicodeDecodeError as error:
        raise ManifestError(file, [Fault("", "not a JSON document: it is not UTF-8")]) from error
    except (ValueError, RecursionError) as error:
        raise ManifestError(file, [Fault("", f"not a JSON document: {error}")]) from error
    root = Member.root(document)
    manifest = _manifest(root, folder)
    if root.faults:
        raise ManifestError(file, root.faults)
    return manifest


def _members_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the member `{twice}` is there twice")
    return members


def _manifest(root: Member, folder: Path) -> Manifest:
    root.only(
        "servers", "grants", "approvals", "mail", "oauth", "public_url", "allowed_origins",
        "retention_days",
    )  # fmt: skip
    approvals, mail = root.get("approvals"), root.get("mail")
    approvals.only("approvers")
    mail.only("from", "smtp")
    servers = tuple(_server(entry, folder) for entry in root.need("servers").entries(NAME))
    grants = tuple(_grant(entry, servers) for entry in root.need("grants").entries(NAME))
    return Manifest(
        servers=servers,
        grants=grants,
        oauth=_oauth(root.get("oauth"), grants),
        approvers=_addresses(approvals.get("approvers")),
        mail_from=_address(mail.get("from"), "holdpoint@localhost"),
        smtp=_smtp(mail.get("smtp")),
        public_url=_url(root.get("public_url")).rstrip("/") or None,
        allowed_origins=_origins(root.get("allowed_origins")),
        retention_days=root.get("retention_days").whole(0, LONGEST_RETENTION, RETENTION_DAYS),
    )


def _server(entry: Member, folder: Path) -> ServerEntry:
    entry.only(
        "upstream", "command", "env", "policies", "headers", "private_network", "sessions", "allow",
        "paused", "drift", "narrow",
    )  # fmt: skip
    command = _command(entry)
    upstream = "" if entry.get("command").present else _url(entry.need("upstream"))
    private_network = entry.get("private_network").flag()
    if upstream.startswith("http:") and not private_network:
        entry.get("upstream").fault(
            "must be https; plain http is for a server on this machine, and then the server needs "
            "`private_network: true`"
        )
    return ServerEntry(
        name=entry.name,
        upstream=upstream,
        policies={
            policy.name: folder / policy.text() for policy in entry.need("policies").entries(NAME)
        },
        headers=_references(entry.get("headers"), HEADER),
        private_network=private_network,
        sessions=Sessions(entry.get("sessions").one_of(tuple(Sessions), Sessions.OWN)),
        allow=tuple(family.one_of(FAMILIES) for family in entry.get("allow").items()),
        paused=entry.get("paused").flag() if entry.get("paused").present else None,
        command=command,
        env=_references(entry.get("env"), VARIABLE),
        drift=Drift(entry.get("drift").one_of(tuple(Drift), Drift.WARN)),
        narrow=entry.get("narrow").flag(),
    )


def _command(entry: Member) -> tuple[str, ...]:
    """The program of a server on standard streams, which has no address."""
    command = entry.get("command")
    if not command.present:
        if entry.get("env").present:
            entry.get("env").fault("is for a server with a `command`; this one has none")
        return ()
    for name in ("upstream", "headers", "private_network"):
        if entry.get(name).present:
            entry.get(name).fault("is for a server with an address; this one has a `command`")
    words = tuple(word.text() for word in command.items())
    if not words:
        command.fault("must be a list: a program and its arguments")
    return words


def _references(member: Member, names: re.Pattern[str]) -> dict[str, str]:
    """Names of the author's choosing, each with a reference to a secret."""
    return {
        each.name: each.matching(
            SECRET, "must be a reference to a secret, such as `env:STRIPE_KEY`, not a value"
        )
        for each in member.entries(names)
    }


def _grant(entry: Member, servers: tuple[ServerEntry, ...]) -> GrantEntry:
    entry.only("server", "policy", "tags", "expires_at")
    policies = {server.name: tuple(server.policies) for server in servers}
    server = entry.need("server").one_of(tuple(policies))
    policy = entry.get("policy")
    return GrantEntry(
        label=entry.name,
        server=server,
        policy=policy.one_of(policies[server]) if policy.present and server else None,
        tags=tuple(tag.text() for tag in entry.get("tags").items()),
        expires_at=_moment(entry.get("expires_at")),
    )


def _smtp(member: Member) -> Smtp | None:
    if not member.present:
        return None
    member.only("host", "port", "security", "username", "password")
    security = Security(member.get("security").one_of(tuple(Security), Security.STARTTLS))
    username, password = member.get("username"), member.get("password")
    if username.present != password.present:
        member.fault("has `username` without `password`, or the reverse: give both or neither")
    return Smtp(
        host=member.need("host").text(),
        port=member.get("port").whole(1, 65_535, 465 if security is Security.TLS else 587),
        security=security,
        username=username.text() or None,
        password=password.matching(
            SECRET, "must be a reference to a secret, such as `env:SMTP_PASSWORD`, not a value"
        )
        or None,
    )


def _oauth(member: Member, grants: tuple[GrantEntry, ...]) -> OAuthEntry | None:
    if not member.present:
        return None
    member.only("issuer", "jwks", "private_network", "grants")
    private = member.get("private_network").flag()
    addresses = (member.need("issuer"), member.get("jwks"))
    issuer, jwks = (_url(address) for address in addresses)
    for address, url in zip(addresses, (issuer, jwks), strict=True):
        if url.startswith("http:") and not private:
            address.fault("must be https, or http on this machine with `private_network: true`")
    return OAuthEntry(
        issuer=Issuer(issuer, jwks or None, private),
        rules=tuple(_rule(entry, grants) for entry in member.need("grants").items()),
    )


def _rule(entry: Member, grants: tuple[GrantEntry, ...]) -> RuleEntry:
    entry.only("claim", "value", "grant")
    servers = {grant.label: grant.server for grant in grants}
    label = entry.need("grant").one_of(tuple(servers))
    return RuleEntry(
        claim=entry.need("claim").text(),
        value=entry.need("value").text(),
        grant=label,
        server=servers.get(label, ""),
    )


def _url(member: Member) -> str:
    text = member.text()
    if text and not _is_endpoint(text):
        member.fault("must be an absolute http or https URL without a user name in it")
    return text


def _is_endpoint(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and "@" not in parts.netloc
        and port != 0
    )


def _address(member: Member, default: str) -> str:
    return member.matching(ADDRESS, "must be a mail address") if member.present else default


def _addresses(member: Member) -> tuple[str, ...]:
    return tuple(item.matching(ADDRESS, "must be a mail address") for item in member.items())


def _origins(member: Member) -> tuple[str, ...]:
    text = "must be an origin as browsers write it, such as `https://inspector.example.com`"
    return tuple(item.matching(ORIGIN, text) for item in member.items())


def _moment(member: Member) -> float | None:
    if not member.present:
        return None
    try:
        moment = datetime.fromisoformat(member.text())
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        member.fault("must be a time with its zone, such as `2027-01-31T00:00:00Z`")
        return None
    return moment.timestamp()
