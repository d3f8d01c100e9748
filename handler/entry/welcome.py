"""What `holdpoint serve` prints once it is ready: addresses, tokens, and a client's configuration.

Pure: facts in, text out. Must not know where they come from.
"""

import json
from dataclasses import dataclass

from handler import __version__


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """One server as the operator should see it."""

    name: str
    url: str
    upstream: str
    unreachable: str | None
    """Why nothing answers there, or None where something does."""
    policies: tuple[str, ...]
    """`careful (policy.json, revision 3fa1c2d09b1e)`."""


@dataclass(frozen=True, slots=True)
class GrantFacts:
    """One grant; `token` only where one was made just now."""

    label: str
    server: str
    url: str
    policy: str | None
    token: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything there is to say."""

    servers: tuple[ServerFacts, ...]
    grants: tuple[GrantFacts, ...]
    outbox: str | None
    """Where mails to approvers are read, if they are not sent."""
    mail_server: str | None
    data: str


def welcome(facts: Facts) -> str:
    """The whole text."""
    parts = [f"holdpoint {__version__}", *map(_server, facts.servers), _mail(facts)]
    parts += [_grant(grant) for grant in facts.grants]
    parts.append(_row("data", facts.data) + "\n" + _row("stop", "Ctrl-C"))
    return "\n\n".join(parts)


def issued(grants: tuple[GrantFacts, ...]) -> str:
    """The tokens made after the start, when a grant was added to the file."""
    return "\n\n".join(map(_grant, grants))


def _server(server: ServerFacts) -> str:
    lines = [
        _row("gateway", server.url),
        _row("upstream", server.upstream),
        *(_row("policy", policy) for policy in server.policies),
    ]
    if server.unreachable is not None:
        lines.insert(
            2,
            _row("", f"NOT REACHABLE: {server.unreachable}; calls fail until it is there"),
        )
    return "\n".join(lines)


def _mail(facts: Facts) -> str:
    if facts.outbox is None:
        return _row("mail", f"to approvers by {facts.mail_server}")
    return "\n".join(
        [
            _row("outbox", facts.outbox),
            _row("", "mails to approvers, since no mail server is given; keep this address secret"),
        ]
    )


def _grant(grant: GrantFacts) -> str:
    policy = grant.policy or "none: every call is denied"
    lines = [_row("grant", f"{grant.label} (server {grant.server}, policy {policy})")]
    if grant.token is None:
        return "\n".join([*lines, _row("token", "as before; it was shown when it was made")])
    return "\n".join(
        [
            *lines,
            _row("token", f"{grant.token}"),
            _row("", "shown this once; whoever has it can use the grant"),
            "",
            "Claude Code (.mcp.json), Cursor (.cursor/mcp.json):",
            client_configuration("mcpServers", grant),
            "VS Code (.vscode/mcp.json):",
            client_configuration("servers", grant),
        ]
    )


def client_configuration(member: str, grant: GrantFacts) -> str:
    """The JSON that an MCP client takes, under the member that it calls its servers."""
    entry = {
        "type": "http",
        "url": grant.url,
        "headers": {"Authorization": f"Bearer {grant.token}"},
    }
    return json.dumps({member: {grant.server: entry}}, indent=2)


def _row(name: str, text: str) -> str:
    return f"  {name:<9} {text}"
