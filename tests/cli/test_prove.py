"""`holdpoint prove`: what it prints and how it exits."""

import json
from pathlib import Path

import pytest

from handler.cli import main as command_line

POLICY = str(Path(__file__).parents[1] / "compiler" / "answers" / "golden" / "old.json")
HOLDS = "create_charge where args.amount > 500 without approval"
FAILS = "create_charge where args.amount > 499"


def test_a_claim_that_holds_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["prove", POLICY, "--never", HOLDS]) == 0
    assert capsys.readouterr().out == f"holds: never {HOLDS}\n"


def test_one_claim_that_does_not_hold_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["prove", POLICY, "--never", HOLDS, "--never", FAILS]) == 1
    printed = capsys.readouterr().out
    assert "does not hold" in printed and '"amount": 499.1' in printed


def test_programs_get_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["prove", POLICY, "--never", FAILS, "--format", "json"]) == 1
    (proof,) = json.loads(capsys.readouterr().out)
    assert proof["never"] == FAILS and proof["answer"] == "counterexample"
    assert proof["call"]["tool"] == "create_charge" and proof["verdict"]["effect"] == "allow"


def test_a_text_that_is_no_claim_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["prove", POLICY, "--never", "create_charge if args.amount"]) == 2
    assert "expected `where`" in capsys.readouterr().err
