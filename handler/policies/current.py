"""The engines of the policies in force: loaded by digest, verified, kept.

Must not know sources or the compiler's front: a gateway runs what was published and parses nothing.
"""

from collections import OrderedDict

from compiler.artifact import ArtifactError, unpack
from compiler.table.layout import TableError
from handler.decision.table import TableEngine
from handler.stores.base import Registry

MOST_ENGINES = 256
"""How many policies stay loaded; past that, the one longest unused is loaded again when needed."""


class PolicyUnavailable(Exception):
    """The policy with this digest is not there or not whole: every call under it is denied."""

    def __init__(self, digest: str, reason: str) -> None:
        super().__init__(f"policy {digest[:12]}: {reason}")


class Policies:
    """Engines by digest. An artifact never changes, so an engine once loaded is never stale."""

    def __init__(self, registry: Registry, most_engines: int = MOST_ENGINES) -> None:
        self._registry = registry
        self._most_engines = most_engines
        self._engines: OrderedDict[str, TableEngine] = OrderedDict()

    async def engine(self, digest: str) -> TableEngine:
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

    async def _load(self, digest: str) -> TableEngine:
        artifact = await self._registry.artifact(digest)
        if artifact is None:
            raise PolicyUnavailable(digest, "not in the registry; publish it again")
        try:
            return TableEngine(unpack(artifact.data, digest).table)
        except (ArtifactError, TableError) as error:
            raise PolicyUnavailable(digest, str(error)) from error
