"""Policies as operators manage them: putting one on a server, its history, and the way back.

A revision is named by its digest or by the first characters of it. Must not know files.
"""

from dataclasses import dataclass, replace

from compiler.artifact import ArtifactError, unpack
from handler.admin import servers
from handler.admin.manifest import NAME
from handler.failure import CannotRun
from handler.gateway.server import Server
from handler.policies.model import Artifact, Revision
from handler.stores.base import Registry

SHORTEST = 4
"""Characters of a digest that may name it."""


@dataclass(frozen=True, slots=True)
class Put:
    """What a policy's name stood for, and stands for now."""

    before: str | None
    after: str

    @property
    def changed(self) -> bool:
        return self.before != self.after


async def put(
    registry: Registry, server: str, policy: str, artifact: Artifact, by: str, now: float
) -> Put:
    """Let the policy's name stand for this artifact, from the next call on. Raises `CannotRun`."""
    if not NAME.fullmatch(policy):
        raise CannotRun(
            f"`{policy}` cannot name a policy: use lower-case letters, digits, `-` and `_`, "
            "at most 63"
        )
    before: list[str | None] = []

    def with_policy(seen: Server) -> Server:
        before.append(seen.policies.get(policy))
        return replace(seen, policies={**seen.policies, policy: artifact.digest})

    await servers.change(registry, server, with_policy, artifacts=[artifact], by=by, now=now)
    return Put(before[-1], artifact.digest)


async def current(registry: Registry, server: str, policy: str) -> str:
    """The digest that the name stands for. Raises `CannotRun`."""
    found = (await servers.named(registry, server)).policies
    if policy not in found:
        known = ", ".join(f"`{name}`" for name in found) or "none yet"
        raise CannotRun(f"the server `{server}` has no policy `{policy}`; it has {known}")
    return found[policy]


async def history(registry: Registry, server: str, policy: str) -> list[Revision]:
    """What the name stood for, oldest first. Raises `CannotRun` for a name that never was."""
    told = await registry.history(server, policy)
    if not told:
        await current(registry, server, policy)
    return told


async def revision(registry: Registry, server: str, policy: str, start: str) -> str:
    """The digest in the policy's history that starts like this. Raises `CannotRun`."""
    told = await history(registry, server, policy)
    digests = {one.digest for one in told if one.digest is not None}
    found = [digest for digest in digests if digest.startswith(start.lower())]
    if len(start) < SHORTEST or len(found) > 1:
        raise CannotRun(f"`{start}` names no one revision: give more of its characters")
    if not found:
        raise CannotRun(
            f"the policy `{policy}` never stood for `{start}`; "
            f"`holdpoint policy history {server} {policy}` shows what it stood for"
        )
    return found[0]


async def source(registry: Registry, digest: str) -> str:
    """The policy.json of a revision. Raises `CannotRun`."""
    return unpack((await _artifact(registry, digest)).data, digest).source.decode()


async def rollback(
    registry: Registry, server: str, policy: str, to: str | None, by: str, now: float
) -> Put:
    """Go back to a revision, or to what the name stood for before. Raises `CannotRun`."""
    now_in_force = await current(registry, server, policy)
    if to is None:
        told = await history(registry, server, policy)
        earlier = [one.digest for one in told if one.digest not in (None, now_in_force)]
        if not earlier:
            raise CannotRun(f"the policy `{policy}` stood for nothing else before")
        digest = str(earlier[-1])
    else:
        digest = await revision(registry, server, policy, to)
    artifact = await _artifact(registry, digest)
    return await put(registry, server, policy, artifact, by, now)


async def _artifact(registry: Registry, digest: str) -> Artifact:
    """A whole artifact that this version opens. Raises `CannotRun`."""
    artifact = await registry.artifact(digest)
    if artifact is None:
        raise CannotRun(f"the revision {digest[:12]} is not in the store: put its policy again")
    try:
        unpack(artifact.data, digest)
    except ArtifactError as error:
        raise CannotRun(f"the revision {digest[:12]} cannot be used: {error}") from error
    return artifact
