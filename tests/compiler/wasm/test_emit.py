"""A policy's module: small, self-contained, the same bytes everywhere."""

import json
import os
import subprocess
import sys

import wasmtime

from compiler.lower import lower
from compiler.parse import parse
from compiler.wasm.emit import emit
from tests.corpus import CASES, DECISIONS, policy_of

MOST_RUNTIME = 12 * 1024

BUILD = """
import sys
from pathlib import Path
from compiler.lower import lower
from compiler.parse import parse
from compiler.wasm.emit import emit
for file in sys.argv[1:]:
    sys.stdout.buffer.write(emit(lower(parse(Path(file).read_bytes()).policy)))
"""


def built_under(hash_seed: str) -> bytes:
    files = [str(CASES / case / "policy.json") for case in DECISIONS]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", BUILD, *files]
    return subprocess.run(command, env=environment, capture_output=True, check=True).stdout


def test_builds_are_identical_under_every_hash_seed() -> None:
    here = b"".join(emit(lower(policy_of(case))) for case in DECISIONS)
    assert here == built_under("1") == built_under("2")


def emitted(document: object) -> bytes:
    policy = parse(json.dumps(document)).policy
    assert policy is not None
    return emit(lower(policy))


EMPTY = {"version": "1", "default": "deny"}


def test_the_runtime_without_a_policy_is_small() -> None:
    assert len(emitted(EMPTY)) <= MOST_RUNTIME


def test_a_module_imports_nothing_and_exports_what_is_documented() -> None:
    module = wasmtime.Module(wasmtime.Engine(), emitted(EMPTY))
    assert not module.imports
    assert {export.name for export in module.exports} == {
        "memory", "abi_version", "input", "output", "charges", "values", "holds", "answers",
        "reads_context", "decide",
    }  # fmt: skip


MOST_FOR_A_TOOL = 260
"""Bytes: its name, where it is found, and each rule's line."""


def test_the_memory_ends_where_addresses_would_turn_negative() -> None:
    """A host that grew it further would be told for ever that the call is too large."""
    module = emit(lower(policy_of(DECISIONS[0])))
    exports = wasmtime.Module(wasmtime.Engine(), module).exports
    (memory,) = (one.type for one in exports if one.name == "memory")
    assert isinstance(memory, wasmtime.MemoryType)
    assert memory.limits.max == 2**31 // 2**16


def test_tools_that_ask_the_same_share_what_they_ask() -> None:
    rules = [
        {"conditions": [{"path": f"args.x{index}", "op": "gt", "value": index}], "on_deny": "No. "}
        for index in range(6)
    ]
    limit = {"counter": "rate", "window": "minute", "max": 30}

    def size(count: int) -> int:
        entry = {"deny_if": rules, "limits": [limit]}
        tools = {f"tool_{index:05d}": entry for index in range(count)}
        return len(emitted({"version": "1", "default": "deny", "tools": tools}))

    assert (size(1_000) - size(1)) / 999 < MOST_FOR_A_TOOL
