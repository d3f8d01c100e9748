"""Decisions beside those of other engines: `python -m tests.bench.decision_peers`.

A command, not a test: the first run installs the peers, by version, into `.cache/`. Prints the
tables of docs/performance.md and exits 1 where a bar is missed. Each peer holds the same six
conditions for 36 tools, is asked from the bytes of the arguments, and takes turns with ours.
"""

import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from compiler import wasm
from compiler.lower import lower
from compiler.table.write import encode
from compiler.wasm.emit import emit
from tests.bench.decision import ARGUMENTS, policy_of
from tests.environments import Environment

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent / "peers"
PEERS = Environment("bench-peers", HERE / "requirements.txt", HERE / "package.json")
HOST = Path(wasm.__file__).parent / "host.js"

TOOLS = [f"tool_{index:05d}" for index in range(36)]
TOOL = TOOLS[18]

Times = dict[str, float]
"""Nanoseconds of CPU a decision, by engine."""

BARS = {
    "cel-expr-python": 3.0,
    "common-expression-language": 10.0,
    "cedarpy, 3 policies": 15.0,
    "cedarpy, 3 policies, parsed before": 15.0,
    "cedarpy, 108 policies": 50.0,
    "cedarpy, 108 policies, parsed before": 50.0,
    "regopy": 100.0,
    "cedar-wasm, 3 policies": 100.0,
    "cedar-wasm, 3 policies, parsed before": 100.0,
    "cedar-wasm, 108 policies": 100.0,
    "cedar-wasm, 108 policies, parsed before": 100.0,
}
"""How many times as long each must take as ours: the table in Python, the module in Node."""

CALL = {**ARGUMENTS, "amount": 42}
"""A whole amount, since Cedar has no fractions."""

CHANGES: tuple[dict[str, object], ...] = (
    {"amount": 10001},
    {"currency": "chf"},
    {"body": "see http://example.com"},
    {"metadata": {"env": "test"}},
    {"from": "+15005550009"},
)


def calls() -> list[str]:
    """The texts of the allowed call, then of one that breaks each condition or lacks an argument.

    Only calls on which all engines agree: a value of a wrong type is a denial to ours and to CEL,
    while Cedar skips the policy that it makes fail.
    """
    found = [CALL, *({**CALL, **change} for change in CHANGES)]
    found += [{name: CALL[name] for name in CALL if name != gone} for gone in ("reason", "amount")]
    return [orjson.dumps(call).decode() for call in found]


def in_python(folder: Path) -> Times:
    files = {"table": folder / "policy.table", "calls": folder / "calls.json"}
    files["table"].write_bytes(encode(lower(policy_of(36, 6))))
    files["calls"].write_text(json.dumps(calls()))
    program = [str(PEERS.home / "bin" / "python"), str(HERE / "decisions.py")]
    return ran([*program, *map(str, files.values())])


def in_node(folder: Path) -> Times:
    module = folder / "policy.wasm"
    module.write_bytes(emit(lower(policy_of(36, 6))))
    # Copied to where its import of the peer resolves.
    program = PEERS.home / "cedar.mjs"
    program.write_bytes((HERE / "cedar.mjs").read_bytes())
    cedar = (HERE / "tool.cedar").read_text()
    one, *rest = (cedar.replace("TOOL", tool) for tool in (TOOL, *TOOLS))
    call = json.dumps({"tool": TOOL, "one": one, "all": "".join(rest), "args": calls()})
    return ran([str(PEERS.home / "bin" / "node"), str(program), str(HOST), str(module), call])


def ran(command: list[str]) -> Times:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    output = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout
    times: Times = json.loads(output)
    return times


def compared(times: Times, ours: str) -> bool:
    """Print how many times as long the peers take as ours; whether all bars are met."""
    print(f"| {'engine':<39} | {'us':>8} | {'to ' + ours:>18} | {'bar':>5} |\n|---|---|---|---|")
    met = True
    for name, taken in times.items():
        ratio, bar = taken / times[ours], BARS.get(name)
        met = met and (bar is None or ratio >= bar)
        mark = "" if bar is None else f"{bar:.0f}" + ("" if ratio >= bar else " missed")
        print(f"| {name:<39} | {taken / 1e3:>8.2f} | {ratio:>18.1f} | {mark:>5} |")
    print()
    return met


def compiled() -> bool:
    """Print what compiling costs; whether it is quick, and the same bytes each time."""
    policy = policy_of(36, 6)
    took, modules = [], set()
    for _ in range(7):
        begun = time.process_time()
        modules.add(emit(lower(policy)))
        took.append((time.process_time() - begun) * 1000)
    runtime = len(emit(lower(policy_of(0, 6))))
    milliseconds = sorted(took)[3]
    print(f"compiling 36 tools to a module: {milliseconds:.1f} ms of CPU (bar: 50), the same bytes "
          f"{'every time' if len(modules) == 1 else 'NOT every time'}")  # fmt: skip
    print(f"a module without a policy: {runtime} bytes (bar: {12 * 1024})")
    return milliseconds <= 50 and len(modules) == 1 and runtime <= 12 * 1024


def main() -> int:
    print("installing the peers, where they are not yet", file=sys.stderr)
    if not PEERS.make():
        return 2
    print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.platform()}, {os.cpu_count()} cores, "
          f"Python {platform.python_version()}; CPU time, median of 7 rounds\n")  # fmt: skip
    with TemporaryDirectory() as folder:
        met = [compared(in_python(Path(folder)), "table")]
        met += [compared(in_node(Path(folder)), "module, effect"), compiled()]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
