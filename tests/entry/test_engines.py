"""Which engine a stack decides with, where `Engine` says which."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from compiler.artifact import Parts, digest_of, pack, unpack
from compiler.verdict import Call, Subject
from handler.admin.compiling import policies
from handler.admin.gateway_json import parse
from handler.decision.table import TableEngine
from handler.decision.wasm_engine import WasmEngine
from handler.entry.engines import TABLE, WASM, loader
from handler.failure import CannotRun
from handler.policies.current import Policies, PolicyEngine, PolicyUnavailable
from handler.policies.model import Artifact
from handler.policies.publish import compile_source
from tests.policies.test_publish import Shelf

SOURCE = b"""{"version": "1", "default": "deny", "tools": {
  "pay": {"deny_if": [{"conditions": [{"path": "args.amount", "op": "gt", "value": 5}]}],
          "limits": [{"counter": "n", "window": "day", "max": 9, "increment_from": "args.amount"}]}
}}"""

CALLS = (
    *(Call("pay", {"amount": amount}) for amount in (1, 5, 6, "6", None)),
    *(Call("pay", {}), Call("refund", {"amount": 1})),
)


def published(*, module: bool) -> Artifact:
    return compile_source(SOURCE, "policy.json", module=module).artifact


def engine(artifact: Artifact, chosen: str) -> PolicyEngine:
    return asyncio.run(Policies(Shelf(artifact), loader(chosen)).engine(artifact.digest))


def verdicts(of: PolicyEngine) -> Sequence[object]:
    return [of.decide(call, Subject(), 0) for call in CALLS]


def test_a_policys_module_decides_where_that_is_chosen_and_answers_as_its_table() -> None:
    artifact = published(module=True)
    by_module, by_table = engine(artifact, WASM), engine(artifact, TABLE)
    assert isinstance(by_module, WasmEngine) and isinstance(by_table, TableEngine)
    assert verdicts(by_module) == verdicts(by_table)
    schema = {"type": "object", "properties": {"amount": {"type": "number"}}}
    narrowed = by_module.narrowed("pay", schema)
    assert narrowed == by_table.narrowed("pay", schema) != schema


def test_a_policy_published_before_the_engine_was_chosen_is_decided_by_its_table() -> None:
    assert isinstance(engine(published(module=False), WASM), TableEngine)


def test_a_module_that_is_none_makes_the_policy_unavailable() -> None:
    whole = published(module=True)
    parts: Parts = replace(unpack(whole.data, whole.digest), module=b"\0asm nothing")
    data = pack(parts)
    with pytest.raises(PolicyUnavailable):
        engine(Artifact(digest_of(data), data), WASM)


def test_a_bundle_without_the_runtime_says_how_it_is_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("handler.decision.wasm", "handler.decision.wasm_engine"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "wasmtime", None)
    loader(TABLE)
    with pytest.raises(CannotRun, match="HOLDPOINT_WASM=1"):
        loader(WASM)


def test_policies_are_published_with_modules_only_where_they_are_needed(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_bytes(SOURCE)
    entry = '{"upstream": "https://a.example/mcp", "policies": {"p": "p.json"}}'
    manifest = parse(f'{{"servers": {{"a": {entry}}}, "grants": {{}}}}'.encode(), tmp_path)
    for modules in (True, False):
        made = policies(manifest, modules=modules).compiled["a"]["p"]
        assert bool(unpack(made.data, made.digest).module) is modules
