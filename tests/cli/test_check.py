"""`holdpoint check`: what it prints and how it exits."""

import argparse
import io
import json
from pathlib import Path

import pytest

from handler.cli import check
from handler.failure import CannotRun
from tests.compiler.test_fix import REACHED, UNREACHED
from tests.corpus import CASES


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    check.add_parser(parser.add_subparsers())
    args = parser.parse_args(["check", *arguments])
    code: int = args.run(args)
    return code


def policy(case: str) -> str:
    return str(CASES / case / "policy.json")


def test_a_policy_without_findings_is_fine(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(policy("seed-thirty-a-minute")) == 0
    assert capsys.readouterr().out.endswith("no errors, no warnings\n")


def test_warnings_are_fine_unless_strict(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(policy("seed-permanent-deny")) == 0
    assert run(policy("seed-permanent-deny"), "--strict") == 1
    assert capsys.readouterr().out.count(": 2 warnings\n") == 2


def test_a_permanent_deny_that_speaks_of_approval_is_offered_the_holding_form(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(policy("seed-permanent-deny"))
    offered = '"approve_if": [{"conditions": [], "reason": "Requires human approval.", '
    assert offered in capsys.readouterr().out


def test_errors_are_found_all_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(policy("document-wrong-shapes")) == 1
    assert ": 7 errors\n" in capsys.readouterr().out


def test_json_carries_every_finding_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(policy("seed-permanent-deny"), "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [(one["code"], one["severity"], one["line"], one["column"]) for one in found] == [
        ("W101", "warning", 1, 1),
        ("W106", "warning", 1, 69),
    ]


def test_a_file_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match=r"none\.json: No such file"):
        run(str(tmp_path / "none.json"))
    with pytest.raises(CannotRun, match="Is a directory"):
        run(str(tmp_path))


def test_fix_rewrites_the_file_and_shows_what_is_left(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "policy.json"
    file.write_text(UNREACHED)
    file.chmod(0o640)
    assert run("--fix", str(file)) == 0
    assert file.read_text() == REACHED
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [file]
    printed = capsys.readouterr()
    assert printed.err.count("fixed W103") == 4 and "W103" not in printed.out
    assert run("--fix", str(file)) == 0
    assert "nothing to fix" in capsys.readouterr().err


def test_fix_approvals_holds_what_was_denied_for_ever(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "policy.json"
    file.write_bytes(Path(policy("seed-permanent-deny")).read_bytes())
    before = file.read_text()
    assert run("--fix", str(file)) == 0
    assert file.read_text() == before
    assert run("--fix=approvals", str(file)) == 0
    assert '"approve_if":[{"conditions":[],"reason":"Requires human' in file.read_text()
    printed = capsys.readouterr()
    assert "fixed W106" in printed.err and "W107" in printed.out


def test_standard_input_cannot_be_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(UNREACHED.encode())))
    with pytest.raises(CannotRun, match="name one instead"):
        run("--fix", "-")


TOOLS = {
    "pay": {},
    "send_mial": {},
    "delete_*": {"action": "deny"},
    "read_*": {},
}


@pytest.mark.parametrize(
    "written",
    [
        ["pay", "send_mail", "read_file"],
        [{"name": "pay"}, {"name": "send_mail"}, {"name": "read_file"}],
        {"tools": [{"name": "pay"}, {"name": "send_mail"}, {"name": "read_file"}]},
        {"id": 1, "result": {"tools": [{"name": "pay"}, {"name": "send_mail"}, "read_file"]}},
    ],
)
def test_entries_that_serve_none_of_the_tools_given_are_shown(
    written: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, tools = tmp_path / "policy.json", tmp_path / "tools.json"
    file.write_text(json.dumps({"version": "1", "default": "deny", "tools": TOOLS}))
    tools.write_text(json.dumps(written))
    assert run(str(file)) == 0 and "W113" not in capsys.readouterr().out
    assert run(str(file), "--tools", str(tools), "--strict") == 1
    shown = capsys.readouterr().out
    assert shown.count("W113") == 2
    assert "the glob `delete_*` matches none of the tools given" in shown
    assert "called `send_mial`" in shown and "did you mean `send_mail`?" in shown


@pytest.mark.parametrize("text", ["{", "5", '{"tools": 1}', "[1]", '[{"title": "x"}]'])
def test_a_file_that_lists_no_tools_is_refused(text: str, tmp_path: Path) -> None:
    tools = tmp_path / "tools.json"
    tools.write_text(text)
    with pytest.raises(CannotRun, match=r"tools\.json"):
        run(policy("seed-thirty-a-minute"), "--tools", str(tools))
    with pytest.raises(CannotRun, match="cannot read"):
        run(policy("seed-thirty-a-minute"), "--tools", str(tmp_path / "none"))
