"""`holdpoint format`, run as a user runs it."""

from pathlib import Path

import pytest

from handler.cli.main import main

MESSY = b'{"tools": {"pay": {"limits": [{"max": 5.50, "window": "day", "counter": "n"}]}},\n\n'
MESSY += b'"default": "deny", "version": "1"}'
NEAT = """{
  "version": "1",
  "default": "deny",
  "tools": {
    "pay": {
      "limits": [{"counter": "n", "window": "day", "max": 5.50}]
    }
  }
}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.json"
    path.write_bytes(MESSY)
    return path


def test_a_policy_is_printed_in_canonical_layout_and_its_file_left_alone(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["format", str(file)]) == 0
    assert capsys.readouterr().out == NEAT
    assert file.read_bytes() == MESSY


def test_the_file_is_rewritten_where_that_is_asked_for_and_keeps_its_rights(file: Path) -> None:
    file.chmod(0o640)
    assert main(["format", "--write", str(file)]) == 0
    assert (file.read_text(), file.stat().st_mode & 0o777) == (NEAT, 0o640)


def test_a_repository_can_be_held_to_the_layout(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["format", "--check", str(file)]) == 1
    assert f"{file}: laid out otherwise" in capsys.readouterr().out
    file.write_text(NEAT)
    assert main(["format", "--check", str(file)]) == 0
    assert capsys.readouterr().out == ""


def test_what_is_no_json_is_shown_at_its_place_and_never_rewritten(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text('{"version": "1", "default" "deny"}')
    assert main(["format", "--write", str(file)]) == 2
    assert f"{file}:1:28:" in capsys.readouterr().err
    assert file.read_text() == '{"version": "1", "default" "deny"}'
