"""What the WASM engine costs: `python -m tests.bench.wasm` prints the tables of docs/performance.

A command, not a test. Ratios carry over to other machines; times do not.
"""

import json
import platform
import shutil
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from compiler import wasm
from compiler.lower import lower
from compiler.policy import Policy
from compiler.table.write import encode
from compiler.wasm.emit import emit
from handler.decision.table import TableEngine
from handler.decision.wasm_engine import WasmEngine
from tests.bench.decision import COMPACT, NOW, SPACED, SUBJECT, decide_bytes, each, policy_of

HOST = Path(wasm.__file__).parent / "host.js"
BENCH = Path(__file__).parent / "wasm.mjs"


def main() -> None:
    print(f"Python {platform.python_version()}, {platform.machine()}, CPU, median of 7 runs\n")
    whole()
    print()
    sizes()


def whole() -> None:
    """From the bytes of the arguments to the verdict, 36 tools, 6 conditions and a limit."""
    policy = policy_of(36, 6)
    table, module = engines(policy)
    print(f"{'arguments':>12} {'table ns':>9} {'wasm ns':>8} {'wasm/table':>11}")
    for title, body in (("compact", COMPACT), ("with spaces", SPACED)):
        plain = each(lambda b=body: decide_bytes(table, b))  # type: ignore[misc]
        portable = each(lambda b=body: module.decide_text("tool_00018", b, SUBJECT, NOW))  # type: ignore[misc]
        print(f"{title:>12} {plain:>9.0f} {portable:>8.0f} {portable / plain:>11.2f}")
    if node := shutil.which("node"):
        found = in_node(node, emit(lower(policy)))
        print(f"in Node {found['ask']} ns for the effect, {found['decide']} ns for the verdict")


def sizes() -> None:
    """By number of tools."""
    print(f"{'tools':>7} {'module bytes':>13} {'emit ms':>8} {'wasm ns':>8} {'to 1 tool':>10}")
    one = 0.0
    for tools in (1, 36, 31_000):
        policy = policy_of(tools, 6)
        program = lower(policy)
        start = time.process_time()
        module = emit(program)
        emitted = (time.process_time() - start) * 1e3
        engine, tool = WasmEngine(module), f"tool_{tools // 2:05d}"
        taken = each(lambda e=engine, t=tool: e.decide_text(t, COMPACT, SUBJECT, NOW))  # type: ignore[misc]
        one = one or taken
        print(f"{tools:>7} {len(module):>13} {emitted:>8.1f} {taken:>8.0f} {taken / one:>10.2f}")


def engines(policy: Policy) -> tuple[TableEngine, WasmEngine]:
    program = lower(policy)
    table = encode(program)
    return TableEngine(table), WasmEngine(emit(program))


def in_node(node: str, module: bytes) -> dict[str, int]:
    """Nanoseconds a call through the host library."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "policy.wasm"
        file.write_bytes(module)
        command = [node, str(BENCH), str(HOST), str(file), "tool_00018", COMPACT.decode()]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, int] = json.loads(ran.stdout)
    return found


if __name__ == "__main__":
    main()
