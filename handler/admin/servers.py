"""Servers as operators manage them: finding, adding, changing, pausing and removing them.

Every change is made to the server as it stands, so that nothing another operator did meanwhile is
undone: a pause above all.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from handler.admin.naming import not_there
from handler.failure import CannotRun
from handler.gateway.server import Server
from handler.grants.model import GrantStatus
from handler.policies.model import Artifact, Revision
from handler.stores.base import Registry, Store

ATTEMPTS = 8
"""How often a change is tried while others change the same server."""

TOGETHER = 100
"""Servers that are paused in one step; the stores take no more."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A policy's name that stands for another revision than before; None where there is none."""

    server: str
    policy: str
    before: str | None
    after: str | None


async def named(registry: Registry, name: str) -> Server:
    """The server. Raises `CannotRun` where it is not there."""
    server = await registry.server(name)
    if server is None:
        names = [each.name for each in await registry.servers()]
        raise CannotRun(not_there("server", name, names, "holdpoint server list"))
    return server


async def add(
    registry: Registry, server: Server, artifacts: Mapping[str, Artifact], by: str, now: float
) -> None:
    """Register a new server with its policies. Raises `CannotRun` where there is one already."""
    new = told(moves(server.name, {}, server.policies), by, now)
    if not await registry.publish(tuple(artifacts.values()), [server], seen=[], revisions=new):
        raise CannotRun(
            f"there is a server `{server.name}` already: remove it first, or change it with "
            "`holdpoint apply`"
        )


async def remove(store: Store, name: str) -> None:
    """Forget the server. Raises `CannotRun` while grants are for it."""
    await named(store.registry, name)
    using = [
        grant.label
        for grant in await store.ledger.grants()
        if grant.server == name and grant.status is not GrantStatus.REVOKED
    ]
    if using:
        raise CannotRun(
            f"grants are for the server `{name}`: revoke them first ({', '.join(sorted(using))})"
        )
    await store.registry.remove_server(name)
    await store.definitions.forget(name)


async def change(
    registry: Registry,
    name: str,
    how: Callable[[Server], Server],
    *,
    artifacts: Sequence[Artifact] = (),
    by: str = "",
    now: float = 0.0,
) -> Server:
    """The server, changed as it stands by now; its policies' histories tell it.

    Raises `CannotRun` where it is not there, or keeps changing.
    """
    for _ in range(ATTEMPTS):
        seen = await named(registry, name)
        after = how(seen)
        new = told(moves(name, seen.policies, after.policies), by, now)
        if await registry.publish(artifacts, [after], seen=[seen], revisions=new):
            return after
    raise CannotRun(f"the server `{name}` keeps changing: try again")


async def pause(registry: Registry, name: str, paused: bool) -> Server:
    """Stop the server, or let it go on, with effect from the next call."""
    return await change(registry, name, lambda seen: replace(seen, paused=paused))


async def pause_all(registry: Registry, paused: bool) -> list[str]:
    """Stop every server, or let all go on; the names of those that were changed.

    Returns once no server is there that stands otherwise.
    """
    changed: set[str] = set()
    while others := [each for each in await registry.servers() if each.paused is not paused]:
        seen = others[:TOGETHER]
        after = [replace(each, paused=paused) for each in seen]
        if await registry.publish([], after, seen=seen):
            changed |= {each.name for each in after}
    return sorted(changed)


def moves(server: str, before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Moved, ...]:
    """How a server's policies differ."""
    return tuple(
        Moved(server, name, before.get(name), after.get(name))
        for name in dict.fromkeys((*after, *before))
        if before.get(name) != after.get(name)
    )


def told(moved: Iterable[Moved], by: str, now: float) -> tuple[Revision, ...]:
    """What the moves add to the policies' histories."""
    return tuple(Revision(move.server, move.policy, move.after, now, by) for move in moved)
