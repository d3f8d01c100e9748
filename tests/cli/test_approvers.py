"""The approvers of a deployment, named to every command that answers about a policy."""

import io
import json
from pathlib import Path

import pytest

from handler.cli import main as command_line

HELD = {"version": "1", "default": "deny", "tools": {"pay": {"action": "require_approval"}}}
CASES = """{"case": "it waits"}
{"tool": "pay", "expect": "require_approval"}
"""


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(HELD))
    (tmp_path / "cases.jsonl").write_text(CASES)
    monkeypatch.chdir(tmp_path)
    return str(file)


@pytest.mark.parametrize(
    ("command", "without", "named"),
    [
        (["explain"], "names nobody", "ops@example.com must say yes"),
        (["exposure"], "denied: nothing can happen", "with approvals"),
        (["table"], "1 of nobody", "1 of ops@example.com"),
        (["check"], "W107", "no errors, no warnings"),
        (["test"], "is deny", "all as expected"),
    ],
)
def test_a_policy_that_names_nobody_is_read_as_it_is_deployed(
    command: list[str], without: str, named: str, policy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [*command, policy, *(["cases.jsonl"] if command == ["test"] else [])]
    command_line.main(arguments)
    assert without in capsys.readouterr().out
    assert command_line.main([*arguments, "--approver", "ops@example.com"]) == 0
    assert named in capsys.readouterr().out


@pytest.mark.parametrize("engine", ["table", "meaning"])
def test_decisions_ask_them_too(
    engine: str, policy: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = io.TextIOWrapper(io.BytesIO(b'{"tool": "pay"}\n'))
    monkeypatch.setattr("sys.stdin", lines)
    asked = ["decide", policy, "--engine", engine, "--approver", "ops@example.com"]
    assert command_line.main(asked) == 0
    assert json.loads(capsys.readouterr().out)["effect"] == "require_approval"


def test_a_module_holds_for_them(policy: str, tmp_path: Path) -> None:
    assert command_line.main(["compile", policy, "-o", "alone.wasm"]) == 0
    named = ["compile", policy, "-o", "asked.wasm", "--approver", "ops@example.com"]
    assert command_line.main(named) == 0
    assert (tmp_path / "alone.wasm").read_bytes() != (tmp_path / "asked.wasm").read_bytes()
