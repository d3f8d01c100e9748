"""`holdpoint decide` and `holdpoint table`, as their users run them."""

import argparse
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from handler.cli import decide, table
from handler.failure import CannotRun

POLICY = {
    "version": "1",
    "default": "deny",
    "hide": ["drop"],
    "approvals": {"approvers": ["ops@example.com"]},
    "tools": {
        "pay": {
            "deny_if": [{"conditions": [{"path": "args.to", "op": "eq", "value": "eve"}]}],
            "approve_if": [{"conditions": [{"path": "args.amount", "op": "gt", "value": 5}]}],
            "limits": [
                {"counter": "calls", "window": "minute", "max": 3, "scope": "session"},
                {"counter": "spend", "window": "day", "max": 10, "increment_from": "args.amount"},
            ],
        }
    },
}
ENGINES = ("meaning", "table", "wasm")
NOON = 1_800_014_400


@pytest.fixture
def policy(tmp_path: Path) -> str:
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(POLICY))
    return str(file)


class Ran:
    """One run of a command: exit code, decisions, errors."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err
        self.decisions: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines()]


def ran(
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    lines: list[Any],
) -> Ran:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    stdin = io.TextIOWrapper(io.BytesIO("".join(f"{text}\n" for text in texts).encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    code = decide.run(parser().parse_args(["decide", *arguments]))
    captured = capfdbinary.readouterr()
    return Ran(code, captured.out.decode(), captured.err.decode())


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser()
    subparsers = root.add_subparsers()
    decide.add_parser(subparsers)
    table.add_parser(subparsers)
    return root


def pay(amount: Any, **more: Any) -> dict[str, Any]:
    return {"tool": "pay", "args": {"amount": amount}, "time": NOON, **more}


@pytest.mark.parametrize("engine", ENGINES)
def test_limits_count_from_line_to_line_and_all_or_none(
    engine: str,
    policy: str,
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = [
        pay(4.1, session="a"),
        pay(4, session="a"),
        pay(2, session="a"),  # the day's spend is full, and the session's call is not counted
        pay(1.9, session="a"),
        pay(0, session="a"),  # the session's calls are full
        pay(0, session="b"),
        pay(0, session="a", time=NOON + 60),
        pay(10, grant="another"),
        pay(10, grant="a third", time="2027-01-15T12:00:00Z"),
    ]
    result = ran(capfdbinary, monkeypatch, [policy, "--engine", engine], lines)
    assert [one["effect"] for one in result.decisions] == [
        "allow", "allow", "deny", "allow", "deny", "allow", "allow",
        "require_approval", "require_approval",
    ]  # fmt: skip
    assert result.decisions[2]["rule"] == "/tools/pay/limits/spend"
    assert result.decisions[2]["index"] == 1
    assert result.decisions[2]["charges"] == []
    assert result.decisions[4]["rule"] == "/tools/pay/limits/calls"
    assert [charge["tally"] for charge in result.decisions[3]["charges"]] == [3, 10]
    assert result.decisions[7]["rule"] == "/tools/pay/approve_if/args.amount-gt"
    assert result.code == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_each_decision_names_its_rule(
    engine: str,
    policy: str,
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = [
        {"tool": "drop"},
        {"tool": "other"},
        {"tool": "pay", "args": {"to": "eve"}},
        {"tool": "pay", "args": {"to": 1}},
        {"tool": "pay"},
    ]
    result = ran(capfdbinary, monkeypatch, [policy, "--engine", engine], lines)
    assert [one["rule"] for one in result.decisions] == [
        "(hidden)",
        "(default deny)",
        "/tools/pay/deny_if/args.to-eq",
        "/tools/pay/deny_if/args.to-eq",
        "/tools/pay/limits/spend",
    ]
    assert "must be a string" in result.decisions[3]["message"]
    assert set(result.decisions[0]) == {"effect", "rule", "index", "message", "charges"}


MALFORMED = {
    "pay 5": "not JSON",
    '{"tool": "pay", "tool": "drop"}': "twice",
    '{"args": {}}': "`tool` must be a string",
    '["pay"]': "one object",
    '{"tool": "pay", "args": [1]}': "`args` must be an object",
    '{"tool": "pay", "argz": {}}': "no keys but",
    '{"tool": "pay", "session": 1}': "`session` must be a string",
    '{"tool": "pay", "grant": 1}': "`grant` must be",
    '{"tool": "pay", "grant": {"label": 1}}': "`grant.label`",
    '{"tool": "pay", "grant": {"tags": ["a", 1]}}': "`grant.tags`",
    '{"tool": "pay", "grant": {"id": "a"}}': "a grant has no keys but",
    '{"tool": "pay", "time": "noon"}': "`time` must be",
    '{"tool": "pay", "time": -1}': "`time` must be",
    '{"tool": "pay", "time": 1e300}': "`time` must be",
    '{"tool": "pay", "time": "1969-12-31T23:59:59Z"}': "`time` must be",
    '{"tool": "pay", "time": true}': "`time` must be",
    '{"tool": "pay", "args": {"amount": 9007199254740993.0}}': "digits",
}


@pytest.mark.parametrize("line", MALFORMED)
def test_a_line_that_is_no_call_is_named_and_the_others_are_decided(
    line: str,
    policy: str,
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = ran(capfdbinary, monkeypatch, [policy], ["", line, pay(1)])
    error, decision = result.decisions
    assert error["line"] == 2
    assert MALFORMED[line] in error["error"]
    assert f"line 2: {error['error']}" in result.err
    assert decision["effect"] == "allow"
    assert result.code == 1


def test_a_policy_that_does_not_compile_decides_nothing(tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    file.write_text('{"version": "1"}')
    for command in ("decide", "table"):
        run = {"decide": decide.run, "table": table.run}[command]
        with pytest.raises(CannotRun, match="E011"):
            run(parser().parse_args([command, str(file)]))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match=r"nowhere\.json"):
        decide.run(parser().parse_args(["decide", str(tmp_path / "nowhere.json")]))


def test_the_table_is_listed_for_people(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert table.run(parser().parse_args(["table", policy])) == 0
    assert capsys.readouterr().out == LISTING


LISTING = """\
default deny, 1 tool, 0 globs, 2 conditions
hidden: drop

pay
  deny_if /tools/pay/deny_if/args.to-eq [0] line 1
    args.to eq "eve"
  approve_if /tools/pay/approve_if/args.amount-gt [0] line 1
    args.amount gt 5
    1 of ops@example.com, within 1800 s
  limit /tools/pay/limits/calls [0] line 1: \
The limit `calls` admits 3 per minute and has no room for this call.
    takes 1, at most 3 per minute, scope session, tally of tools/pay
  limit /tools/pay/limits/spend [1] line 1: \
The limit `spend` admits 10 per day and has no room for this call.
    takes args.amount, at most 10 per day, scope grant, tally of tools/pay
"""
