"""`holdpoint explain`, as its users run it."""

import argparse
import io
import json
import sys
from pathlib import Path

import pytest

from handler.cli import explain
from handler.clock import FixedClock
from handler.failure import CannotRun

NOON = 1_800_014_400.0
HOURS = {
    "version": "1", "default": "deny",
    "tools": {"t": {"require": [{"conditions": [{"path": "time.hour", "op": "lt", "value": 9}]}]}},
}  # fmt: skip


@pytest.fixture
def policy(tmp_path: Path) -> str:
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(HOURS))
    return str(file)


def run(*arguments: str) -> int:
    root = argparse.ArgumentParser()
    explain.add_parser(root.add_subparsers())
    return explain.run(root.parse_args(["explain", *arguments]), FixedClock(NOON))


def test_a_policy_is_told(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(policy) == 0
    assert "Only if the hour (UTC) is below 9." in capsys.readouterr().out


def test_a_call_without_a_time_is_made_now(
    policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = tmp_path / "call.json"
    call.write_text('{\n  "tool": "t"\n}\n')
    assert run(policy, "--call", str(call)) == 0
    assert "false: the hour (UTC) is below 9 (it is 12)" in capsys.readouterr().out


def test_a_call_can_come_from_standard_input(
    policy: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    call = b'{"tool": "t", "time": "2027-01-15T08:00:00Z"}'
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(call)))
    assert run(policy, "--call", "-") == 0
    assert "The call of `t` is allowed." in capsys.readouterr().out


def test_a_call_that_is_none_or_not_there_is_said_so(policy: str, tmp_path: Path) -> None:
    call = tmp_path / "call.json"
    with pytest.raises(CannotRun, match="cannot read"):
        run(policy, "--call", str(call))
    call.write_text('{"args": {}}')
    with pytest.raises(CannotRun, match="is no call: `tool` must be a string"):
        run(policy, "--call", str(call))
