"""Brings a store to what a gateway.json says: first a plan, then the changes.

The file is the whole truth: servers it does not name are removed, grants it does not name are
revoked. Doing it twice changes nothing. Must not know files, compilers or which store it is; the
artifacts come in compiled.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from handler.admin import grants
from handler.admin.manifest import GrantEntry, Manifest, ServerEntry
from handler.gateway.server import Server
from handler.grants.model import Grant, GrantStatus
from handler.policies.model import Artifact
from handler.stores.base import Ledger, Store

Compiled = Mapping[str, Mapping[str, Artifact]]
"""Server name -> policy name -> what its policy.json compiled to."""


class Change(StrEnum):
    """What happens to a server or a grant."""

    CREATE = "create"
    CHANGE = "change"
    REMOVE = "remove"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a plan."""

    change: Change
    what: str
    """`server stripe`, `grant billing-agent`."""
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.change} {self.what}" + (f": {self.detail}" if self.detail else "")


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to change. Without steps there is nothing to do."""

    steps: tuple[Step, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    servers: tuple[Server, ...] = ()
    removed: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()
    revoked: tuple[Grant, ...] = ()

    def __str__(self) -> str:
        return "\n".join(map(str, self.steps)) or "nothing to change"


async def plan(store: Store, manifest: Manifest, compiled: Compiled) -> Plan:
    """The changes that bring the store to what the manifest says. Only reads."""
    servers = {server.name: server for server in await store.registry.servers()}
    existing = await current_grants(store.ledger)
    wanted = {
        entry.name: _server(entry, compiled[entry.name], servers.get(entry.name))
        for entry in manifest.servers
    }
    changed = [server for name, server in wanted.items() if servers.get(name) != server]
    removed = [name for name in servers if name not in wanted]
    named = {entry.label for entry in manifest.grants}
    put = [
        grant
        for entry in manifest.grants
        if (grant := _grant(entry, existing.get(entry.label))) != existing.get(entry.label)
    ]
    revoked = [grant for label, grant in existing.items() if label not in named]
    return Plan(
        steps=(
            *(_server_step(servers.get(server.name), server) for server in changed),
            *(_grant_step(existing.get(grant.label), grant) for grant in put),
            *(Step(Change.REVOKE, f"grant {grant.label}", "not in the file") for grant in revoked),
            *(Step(Change.REMOVE, f"server {name}", "not in the file") for name in removed),
        ),
        artifacts=tuple(
            {
                artifact.digest: artifact
                for server in changed
                for artifact in compiled[server.name].values()
            }.values()
        ),
        servers=tuple(changed),
        removed=tuple(removed),
        grants=tuple(put),
        revoked=tuple(revoked),
    )


async def carry_out(store: Store, plan: Plan) -> None:
    """Make the changes. What takes rights away comes first: stopping halfway widens nothing.

    Artifacts and servers are one step: a server never names a policy that is not there.
    """
    for grant in plan.revoked:
        await grants.revoke(store.ledger, grant)
    if plan.servers:
        await store.registry.publish(plan.artifacts, plan.servers)
    for grant in plan.grants:
        await store.ledger.put_grant(grant)
    for name in plan.removed:
        await store.registry.remove_server(name)


async def current_grants(ledger: Ledger) -> dict[str, Grant]:
    """The grants that are not revoked by label, in the labels' order."""
    found = sorted(await ledger.grants(), key=lambda grant: grant.label)
    return {grant.label: grant for grant in found if grant.status is not GrantStatus.REVOKED}


def _server(
    entry: ServerEntry, artifacts: Mapping[str, Artifact], existing: Server | None
) -> Server:
    as_it_is = existing is not None and existing.paused
    return Server(
        name=entry.name,
        upstream=entry.upstream,
        headers=dict(entry.headers),
        policies={name: artifact.digest for name, artifact in artifacts.items()},
        paused=as_it_is if entry.paused is None else entry.paused,
        sessions=entry.sessions,
        allow=entry.allow,
        private_network=entry.private_network,
    )


def _grant(entry: GrantEntry, existing: Grant | None) -> Grant:
    return replace(
        existing or grants.new(entry.label, entry.server),
        tags=entry.tags,
        server=entry.server,
        policy=entry.policy,
        expires_at=entry.expires_at,
    )


def _server_step(before: Server | None, after: Server) -> Step:
    if before is None:
        return Step(Change.CREATE, f"server {after.name}", after.upstream)
    differences = [
        f"policy {name} is now {digest[:12]}"
        for name, digest in after.policies.items()
        if before.policies.get(name) != digest
    ]
    differences += [
        f"policy {name} removed" for name in before.policies if name not in after.policies
    ]
    fields = ("upstream", "headers", "paused", "sessions", "allow", "private_network")
    differences += [name for name in fields if getattr(before, name) != getattr(after, name)]
    return Step(Change.CHANGE, f"server {after.name}", ", ".join(differences))


def _grant_step(before: Grant | None, after: Grant) -> Step:
    under = f"server {after.server}, policy {after.policy or '(none: every call is denied)'}"
    if before is None:
        return Step(Change.CREATE, f"grant {after.label}", under)
    return Step(Change.CHANGE, f"grant {after.label}", under)
