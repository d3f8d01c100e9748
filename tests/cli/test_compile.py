"""`holdpoint compile`, as its users run it."""

import argparse
import json
from pathlib import Path

import pytest

from compiler.wasm.abi import ALLOW, DENY
from handler.cli import compile as command
from handler.decision.wasm import PolicyModule
from handler.failure import CannotRun

POLICY = {"version": "1", "default": "deny", "tools": {"list": {}}}


def arguments(*words: str) -> argparse.Namespace:
    root = argparse.ArgumentParser()
    command.add_parser(root.add_subparsers())
    return root.parse_args(["compile", *words])


@pytest.fixture
def policy(tmp_path: Path) -> str:
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(POLICY))
    return str(file)


def test_the_module_that_is_written_decides_calls(policy: str, tmp_path: Path) -> None:
    output = tmp_path / "policy.wasm"
    assert command.run(arguments(policy, "-o", str(output))) == 0
    module = PolicyModule(output.read_bytes())
    assert module.ask(b"list", b"{}").effect == ALLOW
    assert module.ask(b"drop", b"{}").effect == DENY


def test_a_dash_writes_to_standard_output(
    policy: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    output = tmp_path / "policy.wasm"
    command.run(arguments(policy, "-o", str(output)))
    command.run(arguments(policy, "-o", "-"))
    assert capfdbinary.readouterr().out == output.read_bytes()


def test_a_policy_that_does_not_compile_writes_nothing(tmp_path: Path) -> None:
    file, output = tmp_path / "policy.json", tmp_path / "policy.wasm"
    file.write_text("{}")
    with pytest.raises(CannotRun, match="does not compile"):
        command.run(arguments(str(file), "-o", str(output)))
    assert not output.exists()


def test_a_place_that_cannot_be_written_is_said(policy: str, tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="cannot write"):
        command.run(arguments(policy, "-o", str(tmp_path / "no" / "policy.wasm")))
