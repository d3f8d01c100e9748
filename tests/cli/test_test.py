"""`holdpoint test`, as policy authors run it."""

import argparse
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from handler.cli import test as command
from handler.failure import CannotRun

POLICY = {
    "version": "1",
    "default": "deny",
    "approvals": {"approvers": ["ops@example.com"]},
    "tools": {
        "pay": {
            "deny_if": [{"conditions": [{"path": "grant.label", "op": "eq", "value": "eve"}]}],
            "approve_if": [{"conditions": [{"path": "args.amount", "op": "gt", "value": 5}]}],
            "limits": [
                {"counter": "calls", "window": "minute", "max": 2, "scope": "session"},
                {"counter": "spend", "window": "day", "max": 10, "increment_from": "args.amount"},
            ],
        }
    },
}


@pytest.fixture
def policy(tmp_path: Path) -> str:
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(POLICY))
    return str(file)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "cases"
    made.mkdir()
    return made


def write(file: Path, *lines: Any) -> Path:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    file.write_text("\n".join(texts), encoding="utf-8")
    return file


def run(*arguments: str | Path) -> int:
    root = argparse.ArgumentParser()
    command.add_parser(root.add_subparsers())
    return command.run(root.parse_args(["test", *map(str, arguments)]))


def pay(amount: float, expect: str, **more: Any) -> dict[str, Any]:
    return {"tool": "pay", "args": {"amount": amount}, "expect": expect, **more}


def test_limits_count_over_the_steps_of_a_case_on_a_simulated_clock(
    policy: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        folder / "pay.jsonl",
        {"case": "two a minute in each session", "session": "a"},
        pay(1, "allow"),
        pay(1, "allow", after="30s"),
        pay(1, "deny", rule="/tools/pay/limits/calls", after="29s"),
        pay(1, "allow", session="b"),
        pay(1, "allow", after="1s"),
        "",
        {"case": "ten a day, until midnight UTC", "time": "2026-07-27T23:59:59Z"},
        pay(5, "allow"),
        pay(5, "allow"),
        pay(1, "deny", rule="/tools/pay/limits/calls"),
        pay(5, "allow", after="1s"),
        pay(5, "deny", time="2026-07-28T10:00:00Z", grant="eve"),
        {"case": "nothing is left over from the case before"},
        pay(10, "require_approval", rule="/tools/pay/approve_if/args.amount-gt"),
    )
    assert run(policy, folder) == 0
    assert capsys.readouterr().out == "3 cases, 11 steps: all as expected\n"


def test_a_split_limit_is_counted_whole_in_a_case(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    limit = {"counter": "c", "window": "day", "max": 5, "scope": "server", "shards": 3}
    split = {"version": "1", "default": "deny", "tools": {"pay": {"limits": [limit]}}}
    (tmp_path / "split.json").write_text(json.dumps(split))
    steps = [pay(1, "allow") for _ in range(5)]
    write(folder / "split.jsonl", {"case": "five a day"}, *steps, pay(1, "deny"))
    assert run(tmp_path / "split.json", folder) == 0


def test_a_step_that_comes_out_otherwise_is_named_with_its_place_and_reason(
    policy: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(
        folder / "pay.jsonl",
        {"case": "wrong"},
        pay(6, "allow"),
        {"tool": "pay", "args": {"amount": 1}, "expect": "deny", "rule": "/tools/pay/deny_if/x"},
        {"tool": "odd", "expect": "deny", "rule": "/tools/odd"},
    )
    assert run(policy, file) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(
        f"{file}:2: wrong: `pay` was expected to be allow, and is require_approval by /tools/pay/a"
    )
    assert lines[1] == (
        f"{file}:3: wrong: `pay` was expected to be deny by /tools/pay/deny_if/x, and is allow"
    )
    assert "deny by /tools/odd, and is deny by (default deny): The policy does not" in lines[2]
    assert lines[3] == "1 case, 3 steps: 1 failed"


def test_the_junit_report_has_a_suite_for_each_file_and_a_test_for_each_case(
    policy: str, folder: Path, tmp_path: Path
) -> None:
    (folder / "inner").mkdir()
    write(folder / "inner" / "b.jsonl", {"case": "good"}, pay(1, "allow"))
    file = write(folder / "a.jsonl", {"case": "bad \u0007 <&>"}, pay(1, "deny"), pay(1, "deny"))
    report = tmp_path / "report.xml"
    assert run(policy, folder, "--junit", report) == 1
    root = ElementTree.fromstring(report.read_bytes())
    assert root.attrib == {"tests": "2", "failures": "1", "errors": "0", "skipped": "0"}
    first, second = root.findall("testsuite")
    (bad,), (good,) = first.findall("testcase"), second.findall("testcase")
    assert bad.attrib["name"] == "bad \\u{7} <&>"
    assert (bad.attrib["file"], bad.attrib["line"]) == (str(file), "1")
    failure = bad.find("failure")
    assert failure is not None and failure.text is not None
    assert [line.split(": ")[0] for line in failure.text.splitlines()] == [f"{file}:2", f"{file}:3"]
    assert good.find("failure") is None


WRONG: dict[str, list[Any]] = {
    ":1: the first line starts a case": [pay(1, "allow")],
    ":1: `case` must be a name": [{"case": 1}],
    ":1: a case has no key `expect`": [{"case": "a", "expect": "allow"}],
    ":1: `time` must be": [{"case": "a", "time": "noon"}],
    ":1: the case has no steps": [{"case": "a"}, {"case": "b"}, pay(1, "allow")],
    ":3: the case `a` stands in this file already": [{"case": "a"}, pay(1, "allow"), {"case": "a"}],
    ":2: `expect` must be one of `allow`, `deny`, `req": [{"case": "a"}, {"tool": "t"}],
    ":2: `expect` must be": [{"case": "a"}, {"tool": "t", "expect": ["allow"]}],
    ":2: `rule` must be the name": [{"case": "a"}, pay(1, "deny", rule=1)],
    ":2: `tool` must be a string": [{"case": "a"}, {"expect": "deny"}],
    ":2: a step has no key `arg`": [{"case": "a"}, pay(1, "deny", arg={})],
    ":2: `after` must be like": [{"case": "a"}, pay(1, "deny", after="soon")],
    ":2: `after` must": [{"case": "a"}, pay(1, "deny", after="1s", time=5)],
    ":2: not JSON": [{"case": "a"}, '{"tool": "t",}'],
}  # fmt: skip


@pytest.mark.parametrize("told", WRONG)
def test_a_line_that_cannot_be_read_is_named_and_nothing_is_run(
    told: str, policy: str, folder: Path
) -> None:
    file = write(folder / "bad.jsonl", *WRONG[told])
    with pytest.raises(CannotRun) as raised:
        run(policy, folder)
    assert f"{file}{told}" in str(raised.value)


def test_every_wrong_line_of_every_file_is_shown_at_once(policy: str, folder: Path) -> None:
    write(folder / "a.jsonl", {"case": "a"}, "x", "y")
    write(folder / "b.jsonl", "z")
    with pytest.raises(CannotRun) as raised:
        run(policy, folder)
    assert len(str(raised.value).splitlines()) == 1 + 3


def test_no_cases_at_all_are_no_success(policy: str, folder: Path) -> None:
    with pytest.raises(CannotRun, match="holds no cases"):
        run(policy, folder)
    with pytest.raises(CannotRun, match="cannot read"):
        run(policy, folder / "none.jsonl")


def test_a_report_that_cannot_be_written_is_said_so(policy: str, folder: Path) -> None:
    file = write(folder / "a.jsonl", {"case": "a"}, pay(1, "allow"))
    with pytest.raises(CannotRun, match="cannot write"):
        run(policy, file, "--junit", folder)
