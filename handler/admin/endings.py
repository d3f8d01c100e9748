"""What ends when a gateway.json is applied, and what stays though it is not in the file. Pure.

A file ends what files made: revoking is final, so it never meets what an operator made by hand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handler.admin.manifest import Manifest
from handler.gateway.server import Server
from handler.grants.model import Grant

UNNAMED = "not in the file"
SERVERLESS = "its server is not in the file"
TWIN = "another grant of this name is the file's"


@dataclass(frozen=True, slots=True)
class Endings:
    """Servers to remove, grants to revoke with the reason for each, and what was made by hand."""

    servers: tuple[str, ...]
    grants: tuple[tuple[Grant, str], ...]
    by_hand: tuple[str, ...]
    """As steps name it: `grant trial`."""


def endings(
    manifest: Manifest,
    servers: Sequence[Server],
    grants: Sequence[Grant],
    current: Mapping[str, Grant],
) -> Endings:
    """Of the servers and grants that are there; `current` is the one grant meant by each label."""
    kept = {entry.name for entry in manifest.servers}
    gone = {server.name for server in servers if server.declared} - kept
    named = {entry.label for entry in manifest.grants}
    reasons = {
        grant.id: reason
        for grant in grants
        if (reason := _reason(grant, current[grant.label], grant.label in named, gone))
    }
    return Endings(
        servers=tuple(server.name for server in servers if server.name in gone),
        grants=tuple((grant, reasons[grant.id]) for grant in grants if grant.id in reasons),
        by_hand=(
            *(f"server {each.name}" for each in servers if each.name not in kept | gone),
            *(
                f"grant {each.label}"
                for each in grants
                if each.label not in named and each.id not in reasons
            ),
        ),
    )


def _reason(grant: Grant, current: Grant, named: bool, gone: set[str]) -> str | None:
    """Why the grant ends, None where it does not."""
    if named:
        return TWIN if grant != current else None
    if grant.declared:
        return UNNAMED
    return SERVERLESS if grant.server in gone else None
