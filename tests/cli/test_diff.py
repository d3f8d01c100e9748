"""`holdpoint diff`: what it prints and how it exits."""

import json
from pathlib import Path

import pytest

from handler.cli import main as command_line

GOLDEN = Path(__file__).parents[1] / "compiler" / "answers" / "golden"
OLD, NEW = str(GOLDEN / "old.json"), str(GOLDEN / "new.json")
UNASKED = (
    '{"version": "1", "default": "deny", "tools": {"pay": {"approve_if": [{"conditions": []}]}}}'
)


def test_equal_policies_end_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["diff", OLD, OLD]) == 0
    assert capsys.readouterr().out == f"{OLD} decides every call as {OLD} does\n"


def test_differences_end_with_1_and_are_shown_by_calls(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["diff", OLD, NEW]) == 1
    printed = capsys.readouterr().out
    expected = (GOLDEN / "diff.txt").read_text().replace("old.json", OLD, 1)
    assert printed == expected.replace("new.json", NEW, 1)


def test_programs_get_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["diff", OLD, NEW, "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["relation"] == "different" and found["undecided"] == []
    first = found["changes"][0]
    assert first["relation"] == "wider" and first["tools"] == ["create_charge"]
    assert first["call"]["args"]["currency"] == "gbp"
    assert first["before"] == {
        "effect": "deny",
        "rule": "/tools/create_charge/require/args.currency-in",
        "index": 0,
        "line": 9,
    }
    assert first["after"]["effect"] == "allow"


def test_approvers_of_the_deployment_can_be_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text('{"version": "1", "default": "deny"}')
    new.write_text(UNASKED)
    assert command_line.main(["diff", str(old), str(new)]) == 0
    assert command_line.main(["diff", str(old), str(new), "--approver", "ops@example.com"]) == 1
    assert "now held by /tools/pay/approve_if/always" in capsys.readouterr().out


def test_what_does_not_compile_ends_with_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{}")
    assert command_line.main(["diff", OLD, str(broken)]) == 2
    assert command_line.main(["diff", str(tmp_path / "none.json"), OLD]) == 2
    assert "does not compile" in capsys.readouterr().err
