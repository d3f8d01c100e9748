"""The ports: what the gateway asks of a store, in the gateway's words.

Must not know any store. Two adapters implement each port and pass one contract suite
(tests/stores/). Every method may raise `StoreUnavailable`, which always ends in a denial. Times are
arguments, POSIX seconds; a port that compares times uses the argument, never a clock of its own.
What a method returned is kept: it survives a crash of this process, and every process that uses the
store sees it from its next call on.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

from handler.approvals.model import Answer, Link
from handler.gateway.definitions import Catalog
from handler.gateway.server import Server
from handler.policies.model import Artifact, Revision
from handler.stores.ledger import Ledger


class StoreUnavailable(Exception):
    """The store could not answer, or not in time. What was asked may or may not have happened."""


class NotAllowed(StoreUnavailable):
    """This identity has no right to it: asking again would be refused again."""


class PayloadTooLarge(Exception):
    """More than `LARGEST_PAYLOAD` bytes. Nothing was stored."""


class TooMuch(ValueError):
    """More servers than one transaction holds, or a server too large. None of them was written."""


LARGEST_PAYLOAD = 4 * 1024 * 1024 + 1024
"""Bytes: a result of 4 MB and its seal."""


class Registry(Protocol):
    """Servers and artifacts. Written by operators, read by every call."""

    async def server(self, name: str) -> Server | None:
        """The server as it is now: strongly consistent."""
        ...

    async def servers(self) -> list[Server]:
        """All of them, by name."""
        ...

    async def names(self) -> list[str]:
        """The servers' names, in order. One may be there shortly before its server is."""
        ...

    async def artifact(self, digest: str) -> Artifact | None: ...

    async def publish(
        self,
        artifacts: Sequence[Artifact],
        servers: Sequence[Server],
        *,
        seen: Sequence[Server] | None = None,
        revisions: Sequence[Revision] = (),
    ) -> bool:
        """Store the artifacts, then in one transaction create or replace all the servers and put
        the revisions at the end of their policies' histories.

        An artifact never changes: one whose digest is there already stays as it is. With `seen`
        only what others left alone is replaced: where a change of ours meets a server that is not
        as seen (not in it: not there), the answer is False, and no server and no history changed.
        Raises `TooMuch`.
        """
        ...

    async def history(self, server: str, policy: str) -> list[Revision]:
        """What the policy's name stood for, oldest first; at least the last hundred changes."""
        ...

    async def remove_server(self, name: str) -> None:
        """Forget the server; one that is not there is no error. Artifacts stay."""
        ...


class Answers(Protocol):
    """Approval links and what was answered. The agent-facing role never holds this port."""

    async def put_links(self, links: Sequence[Link]) -> None:
        """Store new links. One that is there already stays as it is: a used one stays used."""
        ...

    async def link(self, link_hash: str) -> Link | None: ...

    async def answers(self, approval_id: str) -> list[Answer]:
        """In the order given."""
        ...


class Payloads(Protocol):
    """Sealed arguments and results. Nothing past its time is ever returned."""

    async def put(self, key: str, data: bytes, expires_at: float) -> None:
        """Create or replace. Raises `PayloadTooLarge`."""
        ...

    async def get(self, key: str, now: float) -> bytes | None: ...


class Nonces(Protocol):
    """Things that may be used once."""

    async def spend(self, nonce: str, expires_at: float) -> bool:
        """True for the first use only."""
        ...


class Journal(Protocol):
    """Decision records, in the order written. A call that cannot be recorded is not forwarded."""

    async def append(self, record: dict[str, Any]) -> None:
        """Keep a record: it is there when this returns."""
        ...

    async def note(self, record: dict[str, Any]) -> None:
        """Take a record to be kept soon, in its order: for what nobody has to wait for.

        Only a process that dies at once loses it; a store that is closed keeps it first.
        """
        ...

    async def recent(self, limit: int) -> list[dict[str, Any]]:
        """The newest records, oldest first, and all that this store took before."""
        ...

    def between(self, start: float, end: float) -> AsyncIterator[dict[str, Any]]:
        """The records with start <= `at` < end, about in the order written."""
        ...


class Definitions(Protocol):
    """What servers' tools are and were accepted as. Written by gateways and operators."""

    async def catalog(self, server: str) -> Catalog | None:
        """What is known of the server's tools: strongly consistent."""
        ...

    async def replace(self, before: Catalog | None, after: Catalog) -> bool:
        """Put `after` where `before` stands, by its version; None: where nothing stands.

        False, and nothing changed, where another was first. May raise `TooMuch`.
        """
        ...

    async def forget(self, server: str) -> None:
        """Know nothing of the server's tools; one that is not there is no error."""
        ...


class Store(Protocol):
    """One world's ports."""

    @property
    def registry(self) -> Registry: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def answers(self) -> Answers: ...
    @property
    def payloads(self) -> Payloads: ...
    @property
    def nonces(self) -> Nonces: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def definitions(self) -> Definitions: ...

    async def close(self) -> None:
        """Finish what was begun. From then on every port raises `StoreUnavailable`."""
        ...
