"""Policies from their text to the engine that runs them."""

import asyncio
from collections.abc import Sequence

import pytest

from compiler.verdict import Call, Effect, Subject
from handler.gateway.server import Server
from handler.policies.current import Policies, PolicyUnavailable
from handler.policies.model import Artifact, Revision
from handler.policies.publish import PolicyRefused, compile_policy
from handler.stores.base import StoreUnavailable


class Shelf:
    """A registry that holds artifacts and counts how often one was fetched."""

    def __init__(self, *artifacts: Artifact) -> None:
        self.artifacts = {artifact.digest: artifact for artifact in artifacts}
        self.fetched: list[str] = []
        self.down = False

    async def artifact(self, digest: str) -> Artifact | None:
        self.fetched.append(digest)
        if self.down:
            raise StoreUnavailable
        return self.artifacts.get(digest)

    async def server(self, name: str) -> Server | None:
        return None

    async def servers(self) -> list[Server]:
        return []

    async def names(self) -> list[str]:
        return []

    async def publish(
        self,
        artifacts: Sequence[Artifact],
        servers: Sequence[Server],
        *,
        seen: Sequence[Server] | None = None,
        revisions: Sequence[Revision] = (),
    ) -> bool:
        self.artifacts.update((artifact.digest, artifact) for artifact in artifacts)
        return True

    async def history(self, server: str, policy: str) -> list[Revision]:
        return []

    async def remove_server(self, name: str) -> None: ...


def policy(tool: str) -> Artifact:
    source = f'{{"version": "1", "default": "deny", "tools": {{"{tool}": {{}}}}}}'
    return compile_policy(source.encode(), "policy.json")


def test_a_published_policy_decides() -> None:
    artifact = policy("send")
    engine = asyncio.run(Policies(Shelf(artifact)).engine(artifact.digest))
    assert engine.decide(Call("send"), Subject(), 0).effect is Effect.ALLOW
    assert engine.decide(Call("pay"), Subject(), 0).effect is Effect.DENY


def test_a_policy_that_does_not_compile_is_refused_with_its_diagnostics() -> None:
    with pytest.raises(PolicyRefused) as refused:
        compile_policy(b'{"version": "2", "defualt": "deny"}', "mine.json")
    assert "mine.json:1:18: E010" in refused.value.diagnostics
    assert "E013" in refused.value.diagnostics


def test_warnings_do_not_refuse_a_policy() -> None:
    compile_policy(b'{"version": "1", "default": "deny"}', "policy.json")


def test_an_engine_is_loaded_once() -> None:
    artifact = policy("send")
    shelf = Shelf(artifact)

    async def twice() -> None:
        policies = Policies(shelf)
        assert await policies.engine(artifact.digest) is await policies.engine(artifact.digest)

    asyncio.run(twice())
    assert shelf.fetched == [artifact.digest]


def test_no_more_engines_stay_loaded_than_the_bound_and_the_longest_unused_goes() -> None:
    first, second, third = policy("a"), policy("b"), policy("c")
    shelf = Shelf(first, second, third)

    async def use() -> None:
        policies = Policies(shelf, most_engines=2)
        for artifact in (first, second, first, third, first, second):
            await policies.engine(artifact.digest)

    asyncio.run(use())
    used = [first, second, third, second]
    assert shelf.fetched == [artifact.digest for artifact in used]


def test_a_policy_that_is_not_there_or_not_whole_is_unavailable() -> None:
    whole, other = policy("send"), policy("pay")
    digest = whole.digest
    for stored in (
        None,
        Artifact(digest, whole.data[:-1]),
        Artifact(digest, whole.data[:-1] + b"!"),
        Artifact(digest, other.data),
        Artifact(digest, b""),
    ):
        shelf = Shelf(*([stored] if stored else []))
        with pytest.raises(PolicyUnavailable):
            asyncio.run(Policies(shelf).engine(digest))


def test_a_failed_load_is_tried_again() -> None:
    artifact = policy("send")
    shelf = Shelf(artifact)

    async def use() -> None:
        policies = Policies(shelf)
        shelf.down = True
        with pytest.raises(StoreUnavailable):
            await policies.engine(artifact.digest)
        shelf.down = False
        await policies.engine(artifact.digest)

    asyncio.run(use())
