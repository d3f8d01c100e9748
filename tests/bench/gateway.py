"""What the gateway adds to an allowed call: `python -m tests.bench.gateway [calls]`.

The test upstream, the gateway and a pass-through of Starlette and httpx each run in a process of
their own. The same client, on connections that are kept, calls a tool directly and through both,
turn by turn, so that all see the same machine; through the gateway twice, without a limit and with
one to take from. Bar: at most 2 ms more at the median, either way.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from handler.gateway.server import Server
from tests.gateway.world import gateway, modern, upstream_process

BAR_MS = 2.0
WARM_UP = 50


LIMITED = {
    "version": "1",
    "default": "deny",
    "tools": {
        "read_customer": {
            "limits": [{"counter": "reads", "window": "day", "max": 1_000_000, "scope": "grant"}]
        }
    },
}


def serve(upstream: str) -> None:
    """A gateway until standard input ends; the first line says where, and with which tokens."""
    with (
        tempfile.TemporaryDirectory() as folder,
        gateway(Path(folder), upstream) as door,
    ):
        door.register(Server("limited", f"{upstream}/mcp", private_network=True), LIMITED)
        doors = {
            "url": door.endpoint(),
            "token": door.token,
            "limited": door.endpoint("limited"),
            "limited_token": door.grant("g2", server="limited"),
        }
        print(json.dumps(doors), flush=True)
        for _ in sys.stdin:
            print(json.dumps({"cpu": time.process_time()}), flush=True)


def timed(client: httpx2.Client, url: str, body: bytes, headers: dict[str, str]) -> float:
    """Milliseconds of one call that must succeed."""
    began = time.perf_counter()
    answer = client.post(url, content=body, headers=headers)
    took = time.perf_counter() - began
    assert answer.status_code == 200 and not answer.json()["result"]["isError"], answer.text
    return took * 1000


@dataclass(frozen=True, slots=True)
class Process:
    """A program between the client and the upstream, and what it says of itself."""

    doors: dict[str, str]
    pipes: subprocess.Popen[str]

    def door(self, prefix: str = "") -> tuple[str, dict[str, str]]:
        """A URL, and the headers that open it."""
        url = self.doors[prefix or "url"]
        token = self.doors.get(f"{prefix}_token" if prefix else "token")
        return url, {"Authorization": f"Bearer {token}"} if token else {}

    def cpu(self) -> float:
        """Milliseconds of CPU it has used."""
        assert self.pipes.stdin and self.pipes.stdout
        self.pipes.stdin.write("\n")
        self.pipes.stdin.flush()
        return float(json.loads(self.pipes.stdout.readline())["cpu"]) * 1000


@contextmanager
def started(*arguments: str) -> Iterator[Process]:
    """A module of ours, until the block ends."""
    command = [sys.executable, "-m", *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as pipes:
        assert pipes.stdin and pipes.stdout
        yield Process(json.loads(pipes.stdout.readline()), pipes)
        pipes.stdin.close()


def measure(upstream: str, calls: int) -> dict[str, float]:
    """Medians, 95th percentiles and CPU for one call, in milliseconds."""
    content, sent = modern("tools/call", {"name": "read_customer", "arguments": {"id": "7"}})
    accept = {"Accept": "application/json, text/event-stream"}
    headers = {**sent, **accept, "Content-Type": "application/json"}
    body = json.dumps(content).encode()
    with (
        started("tests.bench.gateway", "--serve", upstream) as ours,
        started("tests.bench.pass_through", f"{upstream}/mcp") as floor,
        httpx2.Client() as client,
    ):
        at_once: tuple[str, dict[str, str]] = (f"{upstream}/mcp", {})
        doors = at_once, ours.door(), ours.door("limited"), floor.door()

        def turn() -> list[float]:
            return [timed(client, url, body, {**headers, **key}) for url, key in doors]

        for _ in range(WARM_UP):
            turn()
        before = ours.cpu(), floor.cpu()
        turns = [turn() for _ in range(calls)]
        spent, floor_spent = (
            door.cpu() - begun for door, begun in zip((ours, floor), before, strict=True)
        )
    direct, through, limited, passed = ([turn[i] for turn in turns] for i in range(4))
    base = statistics.median(direct)
    return {
        "direct p50": base,
        "through p50": statistics.median(through),
        "added p50": statistics.median(through) - base,
        "added p50, limited": statistics.median(limited) - base,
        "added p50, pass-through": statistics.median(passed) - base,
        "direct p95": statistics.quantiles(direct, n=20)[-1],
        "through p95": statistics.quantiles(through, n=20)[-1],
        "gateway CPU a call": spent / (2 * calls),
        "pass-through CPU a call": floor_spent / calls,
    }


def main() -> int:
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2])
        return 0
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with upstream_process() as upstream:
        found = measure(upstream.url, calls)
    for name, milliseconds in found.items():
        print(f"{name:<26}{milliseconds:8.3f} ms")
    ratio = found["gateway CPU a call"] / found["pass-through CPU a call"]
    print(f"CPU of the gateway to that of the pass-through: {ratio:.2f}")
    return 0 if max(found["added p50"], found["added p50, limited"]) <= BAR_MS else 1


if __name__ == "__main__":
    sys.exit(main())
