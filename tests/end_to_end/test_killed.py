"""Every crash window of a held call, with a real process that is really killed.

The windows and what each must lead to are those of tests/approvals/test_crash_windows.py, where a
death is played; here it is SIGKILL, on real files, a real mail server and a real upstream.
"""

import asyncio
import contextlib
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from handler.approvals.model import Approval
from handler.demo.agent import agent
from handler.demo.browser import open_page
from handler.demo.child import Child, Ended
from handler.stores.sqlite import SQLiteStore
from tests.approvals.test_crash_windows import WINDOWS, Window
from tests.end_to_end.stage import Gateway, Mailbox, Upstream, gateway_of, mail_server, write

pytestmark = pytest.mark.anyio

AMOUNT = 750
LIMIT = {"counter": "r", "window": "month", "max": 1000, "increment_from": "args.amount"}
POLICY = {
    "version": "1",
    "default": "deny",
    "tools": {
        "create_refund": {
            "approve_if": [{"conditions": [], "reason": "Refunds need a person."}],
            "limits": [LIMIT],
        }
    },
}

LONG, SHORT, AT_ONCE = "300", "2", "0.1"
"""Seconds; a process takes longer than the last to start."""

QUICK = {"mail sent, not marked", "yes recorded, nobody woken", "sent, no answer yet"}
"""The windows of the default run: a mail twice, a call not lost, a call not repeated."""

TOO_LONG = {"nobody there until the deadline"}
"""A deadline is a minute at least."""

CASES = [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.full)
    for name in WINDOWS
    if name not in TOO_LONG
]


class Stage:
    """The files, the mail server and the upstream that outlive the process."""

    def __init__(
        self, folder: Path, upstream: Upstream, smtp: str, mailbox: Mailbox, window: Window
    ) -> None:
        policy = write(folder / "p.json", POLICY)
        self.data, self.upstream, self.mailbox, self.window = (
            folder / "data",
            upstream,
            mailbox,
            window,
        )
        self.charge = f"ch_{folder.name}"
        self._links: list[str] = []
        self._serve = (
            *("serve", "--policy", str(policy), "--upstream", upstream.url, "--smtp", smtp),
            *("--approver", "ops@example.com", "--port", "0", "--data", str(self.data)),
        )

    async def start(self, *death: str) -> Child:
        lease = SHORT if self.window.status == "unknown" else LONG
        start_within = AT_ONCE if self.window.status == "failed" else LONG
        module = "tests.end_to_end.mortal"
        return await Child.start(module, lease, start_within, *death, *self._serve)

    async def ask(self, gateway: Gateway) -> None:
        async with agent(gateway.url(), gateway.token, "legacy") as client:
            await client.call_tool("create_refund", {"charge": self.charge, "amount": AMOUNT})

    async def link(self, mails: int) -> str:
        """The link of the newest of so many mails, wherever it is reached now."""
        while len(self._links) < mails:
            self._links.append(await self.mailbox.link())
        return urlsplit(self._links[-1]).path

    async def answer(self, gateway: Gateway, mails: int) -> None:
        page = await asyncio.to_thread(open_page, gateway.base + await self.link(mails))
        if page.reader.buttons:
            await asyncio.to_thread(page.press, "approve" if self.window.approves else "reject")

    async def approvals(self) -> list[Approval]:
        store = SQLiteStore(self.data / "holdpoint.sqlite")
        try:
            return await store.ledger.approvals(10)
        finally:
            await store.close()

    def spent(self) -> int:
        with closing(sqlite3.connect(self.data / "holdpoint.sqlite")) as db:
            (amount,) = db.execute("SELECT coalesce(sum(amount), 0) FROM tallies").fetchone()
            return int(amount) // 1_000_000


async def first_life(stage: Stage) -> None:
    window = stage.window
    child = await stage.start(window.call, window.when, str(window.nth))
    gateway = await gateway_of(child)
    asking = asyncio.create_task(stage.ask(gateway))
    with contextlib.suppress(Ended, OSError):
        await child.says("^mailed$")
        await stage.answer(gateway, 1)
    assert await child.end() == -signal.SIGKILL
    await asyncio.gather(asking, return_exceptions=True)


@pytest.mark.parametrize("name", CASES)
async def test_a_process_that_is_killed_here_leaves_a_call_that_ends_as_promised(
    upstream: Upstream, tmp_path: Path, name: str
) -> None:
    window, mailbox = WINDOWS[name], Mailbox()
    async with mail_server(mailbox) as smtp:
        stage = Stage(tmp_path, upstream, smtp, mailbox, window)
        await first_life(stage)
        child = await stage.start()
        gateway = await gateway_of(child)
        if window.mails:
            await stage.answer(gateway, window.mails)
            await stage.ask(gateway)  # joins, and waits for the end
        else:
            assert (await asyncio.to_thread(open_page, gateway.base)).status == 404  # it serves
        statuses = [approval.status for approval in await stage.approvals()]
        assert await child.stop() == 0
    assert statuses == [window.status for _ in range(window.status != "none")]
    assert await upstream.calls("create_refund", charge=stage.charge) == window.sent
    assert stage.spent() == window.tally
