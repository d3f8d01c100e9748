"""A real server of the approval pages and the outbox, on a thread of its own."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from compiler.verdict import Hold, Place
from handler.approvals.embedded import Embedded
from handler.clock import SystemClock
from handler.notify.outbox import Outbox, routes
from handler.stores.ledger import Held
from tests.approvals.world import World, ask
from tests.patience import PATIENCE
from tests.serving import Server


class Site:
    """The pages of one process at `base_url`, whose mails are in its outbox."""

    def __init__(self, folder: Path) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.world = World(folder)
        self.world.clock = clock = SystemClock()  # type: ignore[assignment]
        self.world.outbox = Outbox(folder / "outbox", clock)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),))
        self._loop: asyncio.AbstractEventLoop
        self._server: Server
        self._process: Embedded

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self.world.ready()
        self._process = self.world.process(base_url=self.base_url)
        app = Starlette(routes=[*self._process.routes, *routes(self.world.outbox)])
        config = uvicorn.Config(app, log_level="error", lifespan="off")
        self._server = Server(config)
        self._ready.set()
        await self._server.serve(sockets=[self._socket])
        await self._process.workflow.close()
        await self.world.close()

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(PATIENCE)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def held(self, *holds: Hold, **arguments: object) -> str:
        """Hold a call; the address that was mailed to the first approver."""

        async def hold_one() -> None:
            outcome = await self._process.approvals.request(ask(*holds, **arguments))
            assert isinstance(outcome, Held)
            await self._process.workflow.settled()

        asyncio.run_coroutine_threadsafe(hold_one(), self._loop).result(PATIENCE)
        approvers = holds[0].approvers if holds else ("ops@example.com",)
        return f"{self.base_url}/approve/{self.world.links(approvers[0])[-1]}"

    def settled(self) -> None:
        """Return once the workflow has nothing in flight."""
        done = self._process.workflow.settled()
        asyncio.run_coroutine_threadsafe(done, self._loop).result(PATIENCE)

    def answered(self, approver: str, note: str) -> None:
        """A yes of one approver, given beside the browser."""
        link = self.world.links(approver)[-1]
        said = self._process.desk.answer(link, True, note)
        asyncio.run_coroutine_threadsafe(said, self._loop).result(PATIENCE)


@contextlib.contextmanager
def site(folder: Path) -> Iterator[Site]:
    """The site, served for as long as the block runs."""
    served = Site(folder)
    served.start()
    try:
        yield served
    finally:
        served.stop()


def example() -> tuple[Hold, dict[str, object]]:
    """The call that the screenshots show."""
    rule = Hold(
        place=Place("/tools/create_charge/approve_if/args.amount-gt", 0, 9),
        reason="Charges above 500 need a person.",
        approvers=("ops@example.com", "finance@example.com"),
        quorum=2,
        expires_in=1800,
    )
    arguments: dict[str, object] = {
        "amount": 750,
        "currency": "eur",
        "customer": {"id": "cus_4QxT9", "name": "Blue Lantern Books"},
        "description": "Invoice 2041, second half",
        "capture": True,
    }
    return rule, arguments
