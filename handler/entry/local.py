"""`holdpoint serve` from its first line to its last: read, apply, listen, tell, reload, stop.

Must not know how the world's parts fit together; `embedded` does.
"""

import asyncio
import logging
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from handler import logged
from handler.admin import apply, grants
from handler.admin.compiling import Policies, policies
from handler.admin.manifest import Manifest, ServerEntry
from handler.clock import Clock, SystemClock
from handler.entry import listening
from handler.entry.embedded import Assembled, assembled
from handler.entry.folder import Folder, user
from handler.entry.opening import open_store
from handler.entry.watch import changes
from handler.entry.welcome import Facts, GrantFacts, ServerFacts, issued, welcome
from handler.failure import CannotRun
from handler.gateway.exchange import Arrived
from handler.gateway.server import Server
from handler.grants.model import Grant
from handler.stores.base import Store, StoreUnavailable

REACH_SECONDS = 3.0
"""How long an upstream may take to show that it is there."""

FIXED = {
    "mail_from": "mail",
    "smtp": "mail",
    "public_url": "public_url",
    "allowed_origins": "allowed_origins",
    "retention_days": "retention_days",
}
"""What a running gateway does not take up: the manifest's field -> the member that says it."""

PLANNED = 8
"""How often a manifest is planned while operators change what it is planned on."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where to keep things and where to listen."""

    data: Path
    host: str
    port: int


@dataclass
class Service:
    """One run of `holdpoint serve`."""

    read: Callable[[], Manifest]
    files: tuple[Path, ...]
    """Files whose change makes the manifest another one, beside the policies it names."""
    store: Store
    manifest: Manifest
    base_url: str
    tokens: dict[str, str]
    """Made in this run, by the grant's label."""
    clock: Clock

    async def bring(self, manifest: Manifest, made: Policies, rotate: bool) -> apply.Plan:
        """Apply the manifest with its compiled policies; make tokens for its grants without one."""
        if made.warnings:
            tell(made.warnings)
        plan = await self._apply(manifest, made)
        self.manifest = manifest
        current = await apply.current_grants(self.store.ledger)
        for grant in (current[entry.label] for entry in manifest.grants):
            if rotate or not grant.token_hashes:
                self.tokens[grant.label] = await grants.rotate(self.store.ledger, grant)
        return plan

    async def _apply(self, manifest: Manifest, made: Policies) -> apply.Plan:
        """What was done, planned again where an operator changed the store meanwhile."""
        for _ in range(PLANNED):
            plan = await apply.plan(self.store, manifest, made.compiled)
            try:
                await apply.carry_out(self.store, plan, f"{user()} (serve)", self.clock.now())
            except apply.Overtaken:
                continue
            return plan
        raise CannotRun("the store keeps changing; try again")

    async def reload(self) -> None:
        """Take up what changed; what cannot be taken up leaves everything as it is."""
        known = set(self.tokens)
        try:
            before, after = self.manifest, self.read()
            plan = await self.bring(after, policies(after), rotate=False)
        except CannotRun as error:
            tell(f"holdpoint: not reloaded, everything stays as it was: {error}")
            return
        except StoreUnavailable as error:
            tell(f"holdpoint: not reloaded, the store is away: {error}")
            return
        tell(f"holdpoint: reloaded: {plan}")
        if late := waiting(before, after):
            named = ", ".join(f"`{member}`" for member in late)
            tell(f"holdpoint: changed, and taken up by a restart: {named}")
        fresh = tuple(grant for grant in await self.grants() if grant.label not in known)
        if shown := issued(tuple(grant for grant in fresh if grant.token)):
            print(shown, flush=True)

    def watched(self) -> Iterator[Path]:
        """Every file that a reload would read."""
        yield from self.files
        for server in self.manifest.servers:
            yield from server.policies.values()

    async def grants(self) -> tuple[GrantFacts, ...]:
        found = await apply.current_grants(self.store.ledger)
        return tuple(self._grant(grant) for grant in found.values())

    def _grant(self, grant: Grant) -> GrantFacts:
        return GrantFacts(
            label=grant.label,
            server=grant.server,
            url=f"{self.base_url}/mcp/{grant.server}",
            policy=grant.policy,
            token=self.tokens.get(grant.label),
        )


def run(read: Callable[[], Manifest], files: tuple[Path, ...], place: Site, *, rotate: bool) -> int:
    """Serve until a signal; the exit code. `rotate`: new tokens for all grants at the start.

    Raises `CannotRun` where there is nothing that can be served.
    """
    logging.basicConfig(handlers=[logged.to_people()], level=logging.WARNING)
    return asyncio.run(_serve(read, files, place, rotate))


async def _serve(
    read: Callable[[], Manifest], files: tuple[Path, ...], place: Site, rotate: bool
) -> int:
    clock, manifest = SystemClock(), read()
    made = policies(manifest)
    with listening.listen(place.host, place.port) as listener:
        base_url = listening.address(listener)
        folder = Folder.open(place.data)
        store = open_store(folder)
        service = Service(read, files, store, manifest, base_url, {}, clock)
        around = await assembled(manifest, store, folder, base_url, clock)
        try:
            await service.bring(manifest, made, rotate)
            print(welcome(await _facts(service, around, place)), flush=True)
            http = listening.server(around.app, around.release)
            return await _until_stopped(service, around, http, listener)
        finally:
            await around.upstream.close()
            await store.close()


async def _until_stopped(
    service: Service, around: Assembled, http: uvicorn.Server, listener: socket.socket
) -> int:
    """Serve, with what goes on beside it. Where one of those ends, all stops."""
    beside = [
        asyncio.create_task(around.workflow.run()),
        asyncio.create_task(around.cleaning.run()),
        asyncio.create_task(_reload_on_change(service)),
    ]
    for task in beside:
        task.add_done_callback(lambda _: setattr(http, "should_exit", True))
    await listening.serve(http, listener)
    failed = [task for task in beside if task.done() and not task.cancelled()]
    for task in beside:
        task.cancel()
    await asyncio.gather(*beside, return_exceptions=True)
    for task in failed:
        raise CannotRun(f"stopped, since work that must go on ended: {task.exception()}")
    return 0


async def _reload_on_change(service: Service) -> None:
    async with aclosing(changes(lambda: service.watched())) as looks:
        async for _ in looks:
            await service.reload()


async def _facts(service: Service, around: Assembled, place: Site) -> Facts:
    smtp = service.manifest.smtp
    servers = [await _server(service, around, entry) for entry in service.manifest.servers]
    return Facts(
        servers=tuple(servers),
        grants=await service.grants(),
        outbox=around.outbox,
        mail_server=smtp.host if smtp else None,
        data=str(place.data),
    )


async def _server(service: Service, around: Assembled, entry: ServerEntry) -> ServerFacts:
    server = await service.store.registry.server(entry.name)
    assert server is not None
    return ServerFacts(
        name=server.name,
        url=f"{service.base_url}/mcp/{server.name}",
        upstream=server.place,
        unreachable=await _unreachable(around, server),
        policies=tuple(
            f"{entry.policies[name]} (revision {digest[:12]})"
            for name, digest in server.policies.items()
        ),
    )


async def _unreachable(around: Assembled, server: Server) -> str | None:
    """Why nothing answers at the server's address, or None where something does."""
    try:
        async with asyncio.timeout(REACH_SECONDS):
            answer = await around.upstream.send(server, {}, None, "OPTIONS")
    except TimeoutError:
        return "it did not answer in time"
    if isinstance(answer, Arrived):
        answer.close()
        return None
    return answer.reason


def waiting(before: Manifest, after: Manifest) -> list[str]:
    """The members that changed and that a running gateway does not take up."""
    changed = {name for name in FIXED if getattr(before, name) != getattr(after, name)}
    return sorted({FIXED[name] for name in changed})


def tell(text: str) -> None:
    """A message to the operator, apart from what may be read by programs."""
    print(text, file=sys.stderr, flush=True)
