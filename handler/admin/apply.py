"""Brings a store to what a gateway.json says: first a plan, then the changes.

What a file made and it no longer names ends; what was made by hand stays, and becomes the file's
where the file names it. Doing it twice changes nothing. Must not know files, compilers or which
store it is; the artifacts come in compiled.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from handler.admin import grants
from handler.admin.endings import UNNAMED, endings
from handler.admin.manifest import GrantEntry, Manifest, OAuthEntry, ServerEntry
from handler.admin.servers import Moved, moves, told
from handler.gateway.server import Server
from handler.grants.model import Grant
from handler.oauth.model import Authority, Rule
from handler.policies.model import Artifact
from handler.stores.base import Store
from handler.stores.ledger import Ledger

ADOPTED = "made by hand, the file's from now on"

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
class GrantChange:
    """A grant as it was read, None where it is new, and as it is to be."""

    before: Grant | None
    after: Grant


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to change. Without steps there is nothing to do."""

    steps: tuple[Step, ...] = ()
    left: tuple[str, ...] = ()
    """What stays as it is, as steps name it."""
    by_hand: tuple[str, ...] = ()
    """What stays though the file does not name it, since no file made it."""
    moved: tuple[Moved, ...] = ()
    seen: tuple[Server, ...] = ()
    """All servers as the plan read them."""
    artifacts: tuple[Artifact, ...] = ()
    servers: tuple[Server, ...] = ()
    removed: tuple[str, ...] = ()
    grants: tuple[GrantChange, ...] = ()
    revoked: tuple[Grant, ...] = ()

    def __str__(self) -> str:
        return "\n".join(map(str, self.steps)) or "nothing to change"


class Overtaken(Exception):
    """The store is no longer as the plan read it; what was not done yet was left undone."""


async def plan(store: Store, manifest: Manifest, compiled: Compiled) -> Plan:
    """The changes that bring the store to what the manifest says. Only reads."""
    seen = {server.name: server for server in await store.registry.servers()}
    everyone, existing = await grants.listed(store.ledger), await current_grants(store.ledger)
    put = [
        GrantChange(before, _grant(entry, before))
        for entry in manifest.grants
        for before in (existing.get(entry.label),)
    ]
    ids = {change.after.label: change.after.id for change in put}
    wanted = [
        registered(
            entry,
            compiled[entry.name],
            seen.get(entry.name),
            _authority(manifest.oauth, entry.name, ids),
            declared=True,
        )
        for entry in manifest.servers
    ]
    changed = [server for server in wanted if seen.get(server.name) != server]
    ending = endings(manifest, tuple(seen.values()), everyone, existing)
    return Plan(
        steps=(
            *(_server_step(seen.get(server.name), server) for server in changed),
            *(_grant_step(change) for change in put if change.before != change.after),
            *(Step(Change.REVOKE, f"grant {grant.label}", why) for grant, why in ending.grants),
            *(Step(Change.REMOVE, f"server {name}", UNNAMED) for name in ending.servers),
        ),
        left=(
            *(f"server {server.name}" for server in wanted if server not in changed),
            *(f"grant {change.after.label}" for change in put if change.before == change.after),
        ),
        by_hand=ending.by_hand,
        moved=tuple(move for server in changed for move in _moves(seen.get(server.name), server)),
        seen=tuple(seen.values()),
        artifacts=tuple(
            {
                artifact.digest: artifact
                for server in changed
                for artifact in compiled[server.name].values()
            }.values()
        ),
        servers=tuple(changed),
        removed=ending.servers,
        grants=tuple(change for change in put if change.before != change.after),
        revoked=tuple(grant for grant, _ in ending.grants),
    )


async def carry_out(store: Store, plan: Plan, by: str, now: float) -> None:
    """Make the changes. What takes rights away comes first: stopping halfway widens nothing.

    Artifacts and servers are one step: a server never names a policy that is not there. `by` and
    `now` go into the policies' histories. Raises `Overtaken`; planning again goes on from there.
    """
    for grant in plan.revoked:
        await grants.revoke(store.ledger, grant)
    if plan.servers:
        done = await store.registry.publish(
            plan.artifacts, plan.servers, seen=plan.seen, revisions=told(plan.moved, by, now)
        )
        if not done:
            raise Overtaken
    for change in plan.grants:
        if change.before is None:
            await store.ledger.put_grant(change.after)
        elif not await store.ledger.change_grant(change.before, change.after):
            raise Overtaken
    for name in plan.removed:
        await store.registry.remove_server(name)
        await store.definitions.forget(name)


async def current_grants(ledger: Ledger) -> dict[str, Grant]:
    """The grants that are not revoked by label, in the labels' order.

    Of two with one label, made by two operators at once, it is one that has a token.
    """
    found = sorted(await grants.listed(ledger), key=lambda grant: bool(grant.token_hashes))
    return {grant.label: grant for grant in sorted(found, key=lambda grant: grant.label)}


def registered(
    entry: ServerEntry,
    artifacts: Mapping[str, Artifact],
    existing: Server | None,
    oauth: Authority | None = None,
    *,
    declared: bool = False,
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
        command=entry.command,
        env=dict(entry.env),
        drift=entry.drift,
        narrow=entry.narrow,
        oauth=oauth,
        declared=declared,
    )


def _authority(entry: OAuthEntry | None, server: str, ids: Mapping[str, str]) -> Authority | None:
    """What the file says of access tokens at one server, by the ids of grants."""
    rules = entry.rules if entry is not None else ()
    found = tuple(Rule(r.claim, r.value, ids[r.grant]) for r in rules if r.server == server)
    return Authority(entry.issuer, found) if entry is not None and found else None


def _grant(entry: GrantEntry, existing: Grant | None) -> Grant:
    return replace(
        existing or grants.new(entry.label, entry.server),
        tags=entry.tags,
        server=entry.server,
        policy=entry.policy,
        expires_at=entry.expires_at,
        declared=True,
    )


def _moves(before: Server | None, after: Server) -> tuple[Moved, ...]:
    return moves(after.name, before.policies if before else {}, after.policies)


def _server_step(before: Server | None, after: Server) -> Step:
    if before is None:
        return Step(Change.CREATE, f"server {after.name}", after.place)
    differences = [
        f"policy {move.policy} is now {move.after[:12]}"
        if move.after
        else f"policy {move.policy} removed"
        for move in _moves(before, after)
    ]
    fields = (
        "upstream", "command", "env", "headers", "paused", "sessions", "allow", "private_network",
        "drift", "narrow", "oauth",
    )  # fmt: skip
    differences += [name for name in fields if getattr(before, name) != getattr(after, name)]
    differences += [ADOPTED] if not before.declared else []
    return Step(Change.CHANGE, f"server {after.name}", ", ".join(differences))


def _grant_step(change: GrantChange) -> Step:
    after = change.after
    under = f"server {after.server}, policy {after.policy or '(none: every call is denied)'}"
    if change.before is not None and not change.before.declared:
        under += f", {ADOPTED}"
    kind = Change.CREATE if change.before is None else Change.CHANGE
    return Step(kind, f"grant {after.label}", under)
