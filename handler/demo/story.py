"""The demo's scenes: an agent works through a gateway, and each scene checks what it shows.

Everything is real: the upstream and the gateway are processes of their own, the agent is the
official client, the approver opens the mailed link. Must not know how the gateway works inside.
"""

import asyncio
import json
import re
import signal
import tempfile
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mcp import Client

from handler.clock import SystemClock
from handler.demo.agent import agent, said
from handler.demo.browser import Page, open_page
from handler.demo.child import Child
from handler.demo.narration import BOLD, GREEN, RED, YELLOW, Narrator

POLICY = files("handler.demo").joinpath("policy.json")
RATE, BUDGET = 3, 2_000
"""What the policy's limits say: messages a minute, dollars a day."""

MINUTE, DAY = 60, 86_400

CLOCK = SystemClock()


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the processes of the demo are reached."""

    upstream: str
    gateway: str
    token: str
    outbox: str


@dataclass
class Story:
    """One run of the demo."""

    narrator: Narrator
    stage: Stage
    client: Client

    async def tell(self) -> None:
        """All scenes, in order."""
        await self.allowed()
        await self.denied()
        await self.rate_limited()
        await self.budgeted()
        await self.held()

    async def allowed(self) -> None:
        self.narrator.begin("An allowed call", "The policy lists list_customers without any rule.")
        went_well = await self._call("list_customers")
        self._check(went_well, "it reached the server, and its answer came back")

    async def denied(self) -> None:
        self.narrator.begin(
            "A denied call", "delete_customer is not in the policy, and the default is deny."
        )
        before = len(await self.reached())
        went_well = await self._call("delete_customer", customer="cus_1")
        untouched = len(await self.reached()) == before
        self._check(not went_well and untouched, "it was refused, and the server never saw it")

    async def rate_limited(self) -> None:
        self.narrator.begin("A rate limit", f"{RATE} messages a minute, whoever asks how fast.")
        begun = CLOCK.now()
        passed = await self._until_refused(
            2 * RATE + 1, "send_message", to="+15005550006", body="Your order is on its way."
        )
        seen = await self._reached_tool("send_message")
        self._check(
            passed in _expected(RATE, MINUTE, begun) and seen == passed,
            f"{passed} messages reached the server, the next one did not",
        )

    async def budgeted(self) -> None:
        self.narrator.begin("A money limit", f"Charges count by their amount: {BUDGET:,} a day.")
        begun = CLOCK.now()
        passed = await self._until_refused(
            2 * BUDGET // 500 + 1, "create_charge", customer="cus_1", amount=500, currency="usd"
        )
        spent = sum(
            call["arguments"]["amount"]
            for call in await self.reached()
            if call["tool"] == "create_charge"
        )
        self._check(
            passed in _expected(BUDGET // 500, DAY, begun) and spent == passed * 500,
            f"{spent:,.0f} was charged, and not a cent more",
        )

    async def held(self) -> None:
        self.narrator.begin("A call that waits for a person", "Refunds above 100 are held.")
        waiting = asyncio.create_task(self._call("create_refund", charge="ch_5", amount=250))
        mail = await self._mail(waiting)
        if mail is None:
            self._check(False, "a mail to the approver was waiting")
            return
        self.narrator.says("gateway", "held; this mail went to the approver:", YELLOW)
        self.narrator.quote(mail.reader.quoted)
        link = re.search(r"https?://\S+/approve/\S+", mail.reader.quoted)
        self._check(link is not None, "the mail has a link for this call alone")
        if link is None:
            waiting.cancel()
            return
        await self._approve(link.group())
        went_well = await waiting
        seen = await self._reached_tool("create_refund")
        self._check(went_well and seen == 1, "the call ran once, and the agent has its result")

    async def _approve(self, link: str) -> None:
        page = await asyncio.to_thread(open_page, link)
        seen = await self._reached_tool("create_refund")
        self.narrator.says("approver", f"opens the link: “{page.title}”")
        self._check(seen == 0 and page.status == 200, "opening the link decided nothing")
        answer = await asyncio.to_thread(page.press, "approve", note="Checked with the customer.")
        self.narrator.says("approver", f"presses Approve: “{answer.title}”")
        self._check(answer.status == 200, "the answer was taken")

    async def _mail(self, waiting: "asyncio.Task[bool]") -> Page | None:
        """The first mail of the outbox, once it is there; None if the call ends before."""
        while not waiting.done():
            page = await asyncio.to_thread(open_page, self.stage.outbox)
            mail = page.link(f"{urlsplit(page.url).path}/")
            if mail is not None:
                return await asyncio.to_thread(open_page, mail)
            await asyncio.sleep(0.05)
        return None

    async def _until_refused(self, most: int, tool: str, **arguments: Any) -> int:
        """How often the call went well before it was refused."""
        self._asks(tool, arguments, "again and again")
        for number in range(most):
            if not await self._answered(tool, arguments):
                return number
        return most

    async def _call(self, tool: str, **arguments: Any) -> bool:
        """Make a call as the agent and tell of it; whether it went well."""
        self._asks(tool, arguments)
        return await self._answered(tool, arguments)

    def _asks(self, tool: str, arguments: dict[str, Any], how: str = "") -> None:
        shown = ", ".join(f"{name}={json.dumps(value)}" for name, value in arguments.items())
        self.narrator.says("agent", f"{tool}({shown}) {how}".rstrip(), BOLD)

    async def _answered(self, tool: str, arguments: dict[str, Any]) -> bool:
        result = await self.client.call_tool(tool, arguments)
        who, tone = ("gateway", RED) if result.is_error else ("server", GREEN)
        self.narrator.says(who, said(result), tone)
        return not result.is_error

    async def reached(self) -> list[dict[str, Any]]:
        """The calls that reached the upstream, by its own account."""
        page = await asyncio.to_thread(
            open_page, self.stage.upstream.removesuffix("/mcp") + "/recorded"
        )
        calls: list[dict[str, Any]] = json.loads(page.html)
        return calls

    async def _reached_tool(self, tool: str) -> int:
        return sum(call["tool"] == tool for call in await self.reached())

    def _check(self, happened: bool, promise: str) -> None:
        self.narrator.check(happened, promise)


def _expected(most: int, window: int, begun: float) -> range:
    """How many calls may pass: exactly `most`, or up to twice that where a window just ended."""
    same = begun // window == CLOCK.now() // window
    return range(most, most + 1 if same else 2 * most + 1)


async def demo(narrator: Narrator, keep: bool) -> int:
    """Run the demo; how many promises were not kept. With `keep`, wait for Ctrl-C at its end."""
    narrator.title("Holdpoint: an agent, a gateway, and what the policy makes of it")
    with tempfile.TemporaryDirectory(prefix="holdpoint-demo-") as folder, as_file(POLICY) as policy:
        upstream = await Child.start("handler.demo.upstream")
        try:
            gateway = await _gateway(upstream, policy, Path(folder))
            try:
                stage = await _stage(upstream, gateway)
                _introduce(narrator, stage, policy)
                async with agent(stage.gateway, stage.token) as client:
                    await Story(narrator, stage, client).tell()
                await _finish(narrator, stage, gateway, keep)
            finally:
                await gateway.stop()
        finally:
            await upstream.stop()
    return len(narrator.failed)


async def interrupted() -> None:
    """Wait for Ctrl-C, or to be told to end."""
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    await asked.wait()


async def _gateway(upstream: Child, policy: Path, folder: Path) -> Child:
    url = (await upstream.says(r"^(http://\S+/mcp)$")).group(1)
    arguments = ["serve", "--policy", str(policy), "--upstream", url]
    return await Child.start(
        "handler.cli.main", *arguments, "--port", "0", "--data", str(folder / "data")
    )


async def _stage(upstream: Child, gateway: Child) -> Stage:
    ready = await gateway.says(
        r"gateway\s+(?P<gateway>http\S+).*outbox\s+(?P<outbox>http\S+)"
        r".*token\s+(?P<token>hp_\S+).*stop"
    )
    url = (await upstream.says(r"^(http://\S+/mcp)$")).group(1)
    return Stage(upstream=url, **ready.groupdict())


def _introduce(narrator: Narrator, stage: Stage, policy: Path) -> None:
    narrator.says("upstream", f"{stage.upstream} records what it is asked, does nothing else")
    narrator.says("gateway", stage.gateway)
    narrator.says("policy", str(policy))
    narrator.says("agent", "the official MCP client, with a token for this gateway only")


async def _finish(narrator: Narrator, stage: Stage, gateway: Child, keep: bool) -> None:
    narrator.title("All as promised" if not narrator.failed else "Not all as promised")
    for promise in narrator.failed:
        narrator.says("failed", promise, RED)
    narrator.note(
        "Your own server:   holdpoint serve --policy policy.json --upstream URL\n"
        "A first policy:    README.md, docs/quick-start.md\n"
        "Is it right:       holdpoint check policy.json"
    )
    if keep:
        narrator.title("Still running")
        narrator.note(gateway.text.partition("\n\n")[2])
        narrator.note(f"Let your agent ask for a refund above 100, then open {stage.outbox}")
        await interrupted()
