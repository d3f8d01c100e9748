"""What the gateway adds to an allowed call: `python -m tests.bench.gateway [calls]`.

The test upstream and the gateway each run in a process of their own. The same client, on one
connection that is kept, calls a tool directly and through the gateway, turn by turn, so that both
see the same machine. Bar: at most 2 ms more at the median.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx2

from tests.gateway.world import gateway, modern, upstream_process

BAR_MS = 2.0
WARM_UP = 50


def serve(upstream: str) -> None:
    """A gateway until standard input ends; the first line says where, and with which token."""
    with (
        tempfile.TemporaryDirectory() as folder,
        gateway(Path(folder), upstream) as door,
    ):
        print(json.dumps({"url": door.endpoint(), "token": door.token}), flush=True)
        for _ in sys.stdin:
            print(json.dumps({"cpu": time.process_time()}), flush=True)


def timed(client: httpx2.Client, url: str, body: bytes, headers: dict[str, str]) -> float:
    """Milliseconds of one call that must succeed."""
    began = time.perf_counter()
    answer = client.post(url, content=body, headers=headers)
    took = time.perf_counter() - began
    assert answer.status_code == 200 and not answer.json()["result"]["isError"], answer.text
    return took * 1000


def measure(upstream: str, calls: int) -> dict[str, float]:
    """The medians, the 95th percentiles, and the gateway's CPU for one call, in milliseconds."""
    command = [sys.executable, "-m", "tests.bench.gateway", "--serve", upstream]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process, httpx2.Client() as client:  # type: ignore[call-overload]
        door = json.loads(process.stdout.readline())
        content, sent = modern("tools/call", {"name": "read_customer", "arguments": {"id": "7"}})
        accept = {"Accept": "application/json, text/event-stream"}
        headers = {**sent, **accept, "Content-Type": "application/json"}
        body, token = json.dumps(content).encode(), {"Authorization": f"Bearer {door['token']}"}

        def both() -> tuple[float, float]:
            direct = timed(client, f"{upstream}/mcp", body, headers)
            return direct, timed(client, door["url"], body, {**headers, **token})

        def cpu() -> float:
            process.stdin.write("\n")
            process.stdin.flush()
            return float(json.loads(process.stdout.readline())["cpu"])

        for _ in range(WARM_UP):
            both()
        before = cpu()
        pairs = [both() for _ in range(calls)]
        spent = (cpu() - before) * 1000 / calls
        process.stdin.close()
    direct, through = ([pair[i] for pair in pairs] for i in (0, 1))
    return {
        "direct p50": statistics.median(direct),
        "through p50": statistics.median(through),
        "added p50": statistics.median(through) - statistics.median(direct),
        "direct p95": statistics.quantiles(direct, n=20)[-1],
        "through p95": statistics.quantiles(through, n=20)[-1],
        "gateway CPU a call": spent,
    }


def main() -> int:
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2])
        return 0
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with upstream_process() as upstream:
        found = measure(upstream.url, calls)
    for name, milliseconds in found.items():
        print(f"{name:<20}{milliseconds:8.3f} ms")
    return 0 if found["added p50"] <= BAR_MS else 1


if __name__ == "__main__":
    sys.exit(main())
