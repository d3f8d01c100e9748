"""Reads gateway.json strictly into a manifest.

Must not know stores, networks or what is already deployed. Every error names the member and says
what to do, and all of them are reported at once.
"""

import json
import re
from pathlib import Path
from typing import Any

from handler.admin import kinds
from handler.admin.manifest import (
    NAME,
    RETENTION_DAYS,
    GrantEntry,
    Manifest,
    OAuthEntry,
    RuleEntry,
    ServerEntry,
    Smtp,
)
from handler.admin.members import Fault, Member
from handler.gateway.server import Drift, Sessions
from handler.notify.smtp import Security
from handler.oauth.model import Issuer

HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A field name (RFC 9110, section 5.1)."""
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
LONGEST_RETENTION = 36_500
FAMILIES = ("resources", "prompts", "completion", "logging", "sampling", "elicitation", "roots")


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
        approvers=kinds.addresses(approvals.get("approvers")),
        mail_from=kinds.address(mail.get("from"), "holdpoint@localhost"),
        smtp=_smtp(mail.get("smtp")),
        public_url=kinds.url(root.get("public_url")).rstrip("/") or None,
        allowed_origins=kinds.origins(root.get("allowed_origins")),
        retention_days=root.get("retention_days").whole(0, LONGEST_RETENTION, RETENTION_DAYS),
    )


def _server(entry: Member, folder: Path) -> ServerEntry:
    entry.only(
        "upstream", "command", "env", "policies", "headers", "private_network", "sessions", "allow",
        "paused", "drift", "narrow",
    )  # fmt: skip
    command = _command(entry)
    upstream = "" if entry.get("command").present else kinds.url(entry.need("upstream"))
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
        headers=kinds.references(entry.get("headers"), HEADER),
        private_network=private_network,
        sessions=Sessions(entry.get("sessions").one_of(tuple(Sessions), Sessions.OWN)),
        allow=tuple(family.one_of(FAMILIES) for family in entry.get("allow").items()),
        paused=entry.get("paused").flag() if entry.get("paused").present else None,
        command=command,
        env=kinds.references(entry.get("env"), VARIABLE),
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
        expires_at=kinds.moment(entry.get("expires_at")),
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
        password=kinds.secret(password, "env:SMTP_PASSWORD") or None,
    )


def _oauth(member: Member, grants: tuple[GrantEntry, ...]) -> OAuthEntry | None:
    if not member.present:
        return None
    member.only("issuer", "jwks", "private_network", "grants")
    private = member.get("private_network").flag()
    addresses = (member.need("issuer"), member.get("jwks"))
    issuer, jwks = (kinds.url(address) for address in addresses)
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
