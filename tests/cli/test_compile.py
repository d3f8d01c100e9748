"""`holdpoint compile`, as its users run it."""

import json
from pathlib import Path

import pytest

from compiler.verdict import Effect, Subject
from handler.cli.main import main
from handler.decision.wasm_engine import WasmEngine

RULE = {"conditions": [{"path": "args.x", "op": "gt", "value": 5}], "on_deny": "Too much."}
POLICY = {"version": "1", "default": "deny", "tools": {"list": {"deny_if": [RULE]}}}


@pytest.fixture
def policy(tmp_path: Path) -> str:
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(POLICY))
    return str(file)


def test_the_module_that_is_written_is_all_that_a_host_needs(policy: str, tmp_path: Path) -> None:
    output = tmp_path / "policy.wasm"
    assert main(["compile", policy, "-o", str(output)]) == 0
    engine = WasmEngine(output.read_bytes())
    assert engine.decide_text("list", b"{}", Subject(), 0).effect is Effect.ALLOW
    denied = engine.decide_text("list", b'{"x": 9}', Subject(), 0)
    assert denied.effect is Effect.DENY and denied.place
    assert (denied.place.rule, denied.message) == ("/tools/list/deny_if/args.x-gt", "Too much.")


def test_a_dash_writes_to_standard_output(
    policy: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    output = tmp_path / "policy.wasm"
    main(["compile", policy, "-o", str(output)])
    main(["compile", policy, "-o", "-"])
    assert capfdbinary.readouterr().out == output.read_bytes()


def test_a_policy_that_does_not_compile_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, output = tmp_path / "policy.json", tmp_path / "policy.wasm"
    file.write_text("{}")
    assert main(["compile", str(file), "-o", str(output)]) == 2
    assert "does not compile" in capsys.readouterr().err
    assert not output.exists()


def test_a_place_that_cannot_be_written_is_said(
    policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compile", policy, "-o", str(tmp_path / "no" / "policy.wasm")]) == 2
    assert "cannot write" in capsys.readouterr().err
