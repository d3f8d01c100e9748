"""The engines of the policies in force: loaded by digest, verified, kept.

Must not know sources or the compiler's front: a gateway runs what was published and parses nothing.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from compiler.artifact import ArtifactError, Parts, unpack
from compiler.table.layout import TableError
from compiler.verdict import Call, Engine
from handler.decision.spellings import Variant
from handler.decision.table import TableEngine
from handler.stores.base import Registry

MOST_ENGINES = 256
"""How many policies stay loaded; past that, the one longest unused is loaded again when needed."""


class PolicyUnavailable(Exception):
    """The policy with this digest is not there or not whole: every call under it is denied."""

    def __init__(self, digest: str, reason: str) -> None:
        super().__init__(f"policy {digest[:12]}: {reason}")


class PolicyEngine(Engine, Protocol):
    """An engine that a gateway uses: it can also say what a policy demands and reads of calls."""

    def narrowed(self, tool: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        """The tool's input schema with what the policy demands of its calls."""
        ...

    def variant(self, call: Call) -> Variant | None:
        """A name in the call that a server may take for one that the policy reads."""
        ...


Load = Callable[[Parts], PolicyEngine]
"""Makes an engine of what was published. Raises `ArtifactError` or `TableError`."""


def table_engine(parts: Parts) -> PolicyEngine:
    """The engine that every artifact has."""
    return TableEngine(parts.table)


class Policies:
    """Engines by digest. An artifact never changes, so an engine once loaded is never stale."""

    def __init__(
        self, registry: Registry, load: Load = table_engine, most_engines: int = MOST_ENGINES
    ) -> None:
        self._registry = registry
        self._make = load
        self._most_engines = most_engines
        self._engines: OrderedDict[str, PolicyEngine] = OrderedDict()

    async def engine(self, digest: str) -> PolicyEngine:
        """The engine of one policy revision.

        Raises `PolicyUnavailable`, or `StoreUnavailable` from the registry.
        """
        engine = self._engines.get(digest)
        if engine is None:
            engine = self._engines[digest] = await self._load(digest)
            while len(self._engines) > self._most_engines:
                self._engines.popitem(last=False)
        else:
            self._engines.move_to_end(digest)
        return engine

    async def _load(self, digest: str) -> PolicyEngine:
        artifact = await self._registry.artifact(digest)
        if artifact is None:
            raise PolicyUnavailable(digest, "not in the registry; publish it again")
        try:
            return self._make(unpack(artifact.data, digest))
        except (ArtifactError, TableError) as error:
            raise PolicyUnavailable(digest, str(error)) from error
