"""A world as operators open it: a data folder on this machine, or a stack in an AWS account.

The one place that chooses between the two, so that no command knows which it works on.
"""

import shlex
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from handler import settings
from handler.admin.references import Readable
from handler.approvals.bell import Bell
from handler.approvals.book import Book
from handler.approvals.desk import Desk
from handler.approvals.lifecycle import Terms
from handler.approvals.model import Approval
from handler.approvals.ports import Workflow
from handler.approvals.vault import Vault
from handler.clock import Clock, SystemClock
from handler.entry.folder import Folder, derived, user
from handler.entry.opening import open_store
from handler.failure import CannotRun
from handler.sealing import Sealer
from handler.stores.base import Store


@dataclass(frozen=True, slots=True)
class Place:
    """Which world is meant: a stack by its name, else the data folder."""

    data: Path
    stack: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class World:
    """What operators work with."""

    name: str
    """`the data folder .holdpoint`, for messages."""
    store: Store
    clock: Clock
    terms: Terms
    readable: Readable
    """The references to secrets that its gateway can follow."""
    operator: Callable[[], str]
    """Who is working, as far as this world can tell. May ask the network."""
    seal: Callable[[], Awaitable[Sealer]]
    workflow: Workflow
    close: Callable[[], Awaitable[None]]
    options: str
    """What names it on the command line, for commands that are suggested: ` --stack NAME`."""
    modules: bool = False
    """Whether its gateway decides with WASM modules, so that policies are published with theirs."""
    pays_transactions: bool = False
    """Whether a limit that is counted beside the grant costs each of its calls a transaction."""
    look_every: float = 0.5
    """Seconds between two looks at the log while it is followed."""
    base_url: str | None = None
    """Where agents reach the gateway, followed by `/` and a server's name, if it is known."""

    async def vault(self) -> Vault:
        """The arguments and results of held calls. Raises `CannotRun` without the right to them."""
        return Vault(self.store.payloads, await self.seal())

    async def desk(self) -> Desk:
        return Desk(
            book=Book(self.store.ledger, self.clock, Bell(), self.terms, self.store.journal),
            answers=self.store.answers,
            vault=await self.vault(),
            workflow=self.workflow,
            clock=self.clock,
        )


class Watched:
    """The workflow of a gateway in another process, which looks at the store every second."""

    async def start(self, approval: Approval) -> None:
        raise NotImplementedError("operators do not hold calls")

    async def wake(self, approval_id: str) -> None:
        """Nothing to do: whoever serves sees the answer by itself."""


@asynccontextmanager
async def opened(place: Place, *, create: bool = False) -> AsyncIterator[World]:
    """The world, closed at the end. Raises `CannotRun`, also where there is none to work on.

    With `create` a data folder is made where there is none.
    """
    plainly: Callable[[], AbstractContextManager[None]]
    if place.stack is None:
        world, plainly = _folder(place.data, create), nullcontext
    else:
        from handler.entry.refusals import told_plainly  # the SDK takes half a second to load

        world, plainly = _stack(place.stack, place.region), told_plainly
    try:
        with plainly():
            yield world
    finally:
        await world.close()


def _folder(data: Path, create: bool) -> World:
    if not create and not Folder(data).database.exists():
        raise CannotRun(
            f"there is no gateway in the data folder {data}: give the --data of your "
            "`holdpoint serve`, or bring one there with `holdpoint apply`"
        )
    folder = Folder.open(data)
    store = open_store(folder)

    async def seal() -> Sealer:
        return Sealer([derived(folder.key("deployment"), "seal")])

    return World(
        name=f"the data folder {data}",
        store=store,
        clock=SystemClock(),
        terms=Terms(),
        readable={"env": ""},
        operator=user,
        seal=seal,
        workflow=Watched(),
        close=store.close,
        options="" if data == settings.read().data else f" --data {shlex.quote(str(data))}",
    )


def _stack(name: str, region: str | None) -> World:
    from handler.entry.stack import open_stack

    stack = open_stack(name, region)
    return World(
        name=f"the stack {name}",
        store=stack.store,
        clock=SystemClock(),
        terms=Terms(),
        readable={"ssm": f"/holdpoint/{name}/", "secretsmanager": f"holdpoint/{name}/"},
        operator=stack.operator,
        seal=stack.seal,
        workflow=stack.workflow(),
        close=stack.close,
        options=f" --stack {name}" + (f" --region {region}" if region else ""),
        modules=stack.modules,
        pays_transactions=True,
        look_every=2.0,  # a Region answers an account five such requests a second, for all in it
        base_url=stack.gateway_url,
    )
