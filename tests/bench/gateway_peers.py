"""What gateways add to an allowed call: `python -m tests.bench.gateway_peers [calls]`.

A command, not a test: the first run installs the peers, by version, into `.cache/`. The official
client keeps one session with the upstream and one with each gateway, and calls the same tool at
each in turn, so that all see the same machine. Bar: at the median each peer adds at least ten times
what Holdpoint adds.
"""

import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.bench.peers.gateways import PEERS, Running
from tests.gateway.world import upstream_process

BAR = 10.0
WARM_UP = 20

DIRECT, OURS = "direct", "Holdpoint, embedded"

Door = tuple[Running, Mapping[str, str]]
"""Where to call, and with which headers."""


@contextmanager
def holdpoint(upstream: str) -> Iterator[Door]:
    """Our gateway as tests.bench.gateway serves it: a process of its own, a store on disk."""
    command = [sys.executable, "-m", "tests.bench.gateway", "--serve", upstream]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        door = json.loads(process.stdout.readline())
        yield Running(door["url"]), {"Authorization": f"Bearer {door['token']}"}
        process.stdin.close()


@asynccontextmanager
async def session(door: Door) -> AsyncIterator[Client]:
    running, headers = door
    async with (
        httpx2.AsyncClient(headers=dict(headers), timeout=60) as http,
        Client(streamable_http_client(running.url, http_client=http), mode="legacy") as client,
    ):
        yield client


async def timed(client: Client, tool: str) -> float:
    """Milliseconds of one call that must succeed."""
    began = time.perf_counter()
    answer = await client.call_tool(tool, {"id": "7"})
    took = time.perf_counter() - began
    assert not answer.is_error and answer.content[0].text == "customer 7", answer  # type: ignore[union-attr]
    return took * 1000


async def measure(doors: Mapping[str, Door], calls: int) -> dict[str, list[float]]:
    """The times of each door's calls, in turn."""
    async with AsyncExitStack() as stack:
        clients = {}
        for name, door in doors.items():
            client = await stack.enter_async_context(session(door))
            await client.list_tools()
            clients[name] = client
        found: dict[str, list[float]] = {name: [] for name in doors}
        for turn in range(WARM_UP + calls):
            for name, (running, _) in doors.items():
                took = await timed(clients[name], running.tool)
                if turn >= WARM_UP:
                    found[name].append(took)
        return found


def table(found: Mapping[str, list[float]]) -> bool:
    """Print the medians; whether every peer adds as many times ours as the bar says."""
    medians = {name: statistics.median(times) for name, times in found.items()}
    ours = medians[OURS] - medians[DIRECT]
    print(f"| {'':<20} | p50 ms | added ms | to Holdpoint |\n|---|---|---|---|")
    met = True
    for name, median in medians.items():
        added = median - medians[DIRECT]
        met = met and (name in (DIRECT, OURS) or added >= BAR * ours)
        shown = "" if name == DIRECT else f"{added:>8.2f}"
        print(f"| {name:<20} | {median:>6.2f} | {shown:>8} | {added / ours:>12.1f} |")
    return met


def main() -> int:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print("installing the peers, where they are not yet", file=sys.stderr)
    if not all(peer.environment.make() for peer in PEERS.values()):
        return 2
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        upstream = stack.enter_context(upstream_process()).url
        doors: dict[str, Door] = {DIRECT: (Running(f"{upstream}/mcp"), {})}
        doors[OURS] = stack.enter_context(holdpoint(upstream))
        for number, (name, peer) in enumerate(PEERS.items()):
            doors[name] = (stack.enter_context(peer.running(upstream, folder / str(number))), {})
        found = asyncio.run(measure(doors, calls))
    print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.platform()}, {os.cpu_count()} cores, "
          f"Python {platform.python_version()}; {calls} calls each\n")  # fmt: skip
    return 0 if table(found) else 1


if __name__ == "__main__":
    sys.exit(main())
