"""`holdpoint check --format`: what editors, code scanning and pull requests are given."""

import argparse
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from compiler.diagnostics import CATALOGUE, Diagnostic
from compiler.policy import Span
from handler.cli import check
from handler.cli.formats import FORMATS, as_github, as_sarif
from tests.corpus import CASES, DIAGNOSTICS


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    check.add_parser(parser.add_subparsers())
    args = parser.parse_args(["check", *arguments])
    code: int = args.run(args)
    return code


def printed(capsys: pytest.CaptureFixture[str], case: str, form: str) -> str:
    run(str(CASES / case / "policy.json"), "--format", form)
    return capsys.readouterr().out


@pytest.mark.parametrize("case", DIAGNOSTICS)
def test_every_format_carries_the_same_findings(
    case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = [
        (one["code"], one["line"], one["column"])
        for one in json.loads(printed(capsys, case, "json"))
    ]
    sarif = [
        (one["ruleId"], *(region(one)[key] for key in ("startLine", "startColumn")))
        for one in results(json.loads(printed(capsys, case, "sarif")))
    ]
    commands = re.findall(
        r"^::(?:error|warning) .*,line=(\d+),col=(\d+),endColumn=\d+,title=(\w+)::",
        printed(capsys, case, "github"),
        re.MULTILINE,
    )
    assert sarif == listed
    assert [(code, int(line), int(column)) for line, column, code in commands] == listed


def test_a_place_of_several_lines_ends_before_the_line_break(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A column behind the line is none: the same with both kinds of line breaks."""
    rule = '{"conditions": [],\n "on_deny": "Ask for approval."}'
    text = f'{{"version": "1", "default": "deny", "tools": {{"t": {{"deny_if": [\n{rule}\n]}}}}}}'
    ends = []
    for number, line_break in enumerate(("\n", "\r\n")):
        file = tmp_path / f"{number}.json"
        file.write_bytes(text.replace("\n", line_break).encode())
        run(str(file), "--format", "sarif")
        found = results(json.loads(capsys.readouterr().out))
        ends += [region(one)["endColumn"] for one in found if one["ruleId"] == "W106"]
    assert ends == [len('{"conditions": [],') + 1] * 2


def test_a_policy_with_nothing_wrong_gives_no_workflow_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fine = tmp_path / "policy.json"
    fine.write_text('{"version": "1", "default": "deny", "tools": {"t": {}}}')
    assert run(str(fine), "--format", "github") == check.FINE
    assert capsys.readouterr().out == ""


def results(sarif: dict[str, Any]) -> list[dict[str, Any]]:
    (run,) = sarif["runs"]
    found: list[dict[str, Any]] = run["results"]
    return found


def region(result: dict[str, Any]) -> dict[str, int]:
    (place,) = result["locations"]
    found: dict[str, int] = place["physicalLocation"]["region"]
    return found


@pytest.mark.parametrize("case", DIAGNOSTICS)
def test_sarif_has_the_structure_that_2_1_0_asks_for(
    case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """SARIF 2.1.0: 3.13 the log, 3.14 runs, 3.19 components, 3.27 results, 3.30 regions."""
    log = json.loads(printed(capsys, case, "sarif"))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    driver = run["tool"]["driver"]
    assert driver["name"] and driver["version"]
    identifiers = [rule["id"] for rule in driver["rules"]]
    assert len(identifiers) == len(set(identifiers))
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"] == CATALOGUE[rule["id"]]
        assert rule["defaultConfiguration"]["level"] in ("error", "warning")
    for result in run["results"]:
        assert identifiers[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] == ("error" if result["ruleId"][0] == "E" else "warning")
        assert result["message"]["text"]
        found = region(result)
        assert found["startLine"] >= 1
        assert 1 <= found["startColumn"] < found["endColumn"]


def finding(message: str) -> list[Diagnostic]:
    return [Diagnostic("E021", message, Span(3, 7, 4), "did you mean `gt`?")]


def test_sarif_names_files_by_uris() -> None:
    def uri(file: str) -> str:
        (one,) = results(json.loads(as_sarif(finding("x"), file)))
        place: str = one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        return place

    assert uri("a dir/policy#1.json") == "a%20dir/policy%231.json"
    assert uri("a:b.json") == "a%3Ab.json"
    assert uri("/srv/policies/é.json").startswith("file:///srv/policies/")
    assert unquote(uri("é.json")) == "é.json"


def test_no_text_of_a_policy_can_start_a_command_of_its_own() -> None:
    printed = as_github(finding("unknown `a,b:c`\r\n::set-output name=x::100%"), "a,b:c%.json")
    assert printed == (
        "::error file=a%2Cb%3Ac%25.json,line=3,col=7,endColumn=11,title=E021::"
        "unknown `a,b:c`%0D%0A::set-output name=x::100%25; did you mean `gt`?"
    )


def test_a_policy_without_findings_gives_an_empty_report(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert results(json.loads(printed(capsys, "seed-thirty-a-minute", "sarif"))) == []
    assert printed(capsys, "seed-thirty-a-minute", "github").strip() == ""


@pytest.mark.parametrize("form", FORMATS)
def test_the_exit_code_is_the_same_in_every_format(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "policy.json"
    bad.write_text("{}")
    assert run(str(bad), "--format", form) == 1
    assert run(str(CASES / "seed-permanent-deny" / "policy.json"), "--format", form) == 0
    capsys.readouterr()
