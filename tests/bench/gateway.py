"""What the gateway adds to an allowed call: `python -m tests.bench.gateway [calls]`.

The test upstream, `holdpoint serve` and a pass-through of Starlette and httpx each run in a process
of their own. The same client, on connections that are kept, calls a tool directly and through both,
turn by turn, so that all see the same machine; through the gateway twice, without a limit and with
one to take from. Bar: at most 2 ms more at the median, either way.
"""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from handler.demo.child import Child
from tests.end_to_end.stage import serving, write
from tests.gateway.world import modern, upstream_process

BAR_MS = 2.0
WARM_UP = 50

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

TOOL = "read_customer"

POLICIES: Mapping[str, Any] = {
    "free": {},
    "limited": {
        "limits": [{"counter": "reads", "window": "day", "max": 1_000_000, "scope": "grant"}]
    },
}
"""What two policies say of the tool."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where the tool is called, and with which token."""

    url: str
    token: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


@asynccontextmanager
async def holdpoint(folder: Path, upstream: str) -> AsyncIterator[tuple[Child, list[Door]]]:
    """The gateway, and its doors in the order of the policies."""
    for name, entry in POLICIES.items():
        write(folder / f"{name}.json", {"version": "1", "default": "deny", "tools": {TOOL: entry}})
    server = {"upstream": f"{upstream}/mcp", "private_network": True}
    servers = {name: {**server, "policies": {"main": f"{name}.json"}} for name in POLICIES}
    grants = {name: {"server": name, "policy": "main"} for name in POLICIES}
    file = write(folder / "gateway.json", {"servers": servers, "grants": grants})
    async with serving(folder / "data", str(file)) as found:
        yield found.child, [Door(found.url(name), found.tokens[name]) for name in POLICIES]


@asynccontextmanager
async def pass_through(upstream: str) -> AsyncIterator[tuple[Child, Door]]:
    """What hands each request on and decides nothing."""
    child = await Child.start("tests.bench.pass_through", f"{upstream}/mcp")
    try:
        yield child, Door((await child.says(r"^(http://\S+)$")).group(1))
    finally:
        await child.stop()


def cpu(child: Child) -> float:
    """Milliseconds of CPU that a process has used."""
    fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICKS_PER_SECOND


def turns(doors: Sequence[Door], calls: int) -> list[list[float]]:
    """Milliseconds of each call that all must grant, by turn and door."""
    content, head = modern("tools/call", {"name": TOOL, "arguments": {"id": "7"}})
    headers = {**head, "Accept": "application/json, text/event-stream"}
    body = json.dumps(content).encode()

    def timed(client: httpx2.Client, door: Door) -> float:
        sent = {**headers, **door.headers, "Content-Type": "application/json"}
        began = time.perf_counter()
        answer = client.post(door.url, content=body, headers=sent)
        took = time.perf_counter() - began
        assert answer.status_code == 200 and not answer.json()["result"]["isError"], answer.text
        return took * 1000

    with httpx2.Client() as client:
        return [[timed(client, door) for door in doors] for _ in range(calls)]


async def measure(upstream: str, calls: int) -> dict[str, float]:
    """Medians, 95th percentiles and CPU for one call, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            holdpoint(Path(folder), upstream) as (gateway, (free, limited)),
            pass_through(upstream) as (floor, passing),
        ):
            doors = Door(f"{upstream}/mcp"), free, limited, passing
            await asyncio.to_thread(turns, doors, WARM_UP)
            before = cpu(gateway), cpu(floor)
            times = await asyncio.to_thread(turns, doors, calls)
            spent, floor_spent = cpu(gateway) - before[0], cpu(floor) - before[1]
    direct, through, counted, passed = (sorted(each) for each in zip(*times, strict=True))
    base = statistics.median(direct)
    return {
        "direct p50": base,
        "through p50": statistics.median(through),
        "added p50": statistics.median(through) - base,
        "added p50, limited": statistics.median(counted) - base,
        "added p50, pass-through": statistics.median(passed) - base,
        "direct p95": statistics.quantiles(direct, n=20)[-1],
        "through p95": statistics.quantiles(through, n=20)[-1],
        "gateway CPU a call": spent / (2 * calls),
        "pass-through CPU a call": floor_spent / calls,
    }


def main() -> int:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with upstream_process() as upstream:
        found = asyncio.run(measure(upstream.url, calls))
    for name, milliseconds in found.items():
        print(f"{name:<26}{milliseconds:8.3f} ms")
    ratio = found["gateway CPU a call"] / found["pass-through CPU a call"]
    print(f"CPU of the gateway to that of the pass-through: {ratio:.2f}")
    return 0 if max(found["added p50"], found["added p50, limited"]) <= BAR_MS else 1


if __name__ == "__main__":
    sys.exit(main())
