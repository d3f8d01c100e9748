"""The pages for policy authors: their examples do what the pages say."""

import argparse
import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # has no types

from compiler.explain.sentences import sentences
from compiler.exposure.listing import listing
from compiler.exposure.whole import exposure
from compiler.parse import parse
from compiler.policy import Policy
from compiler.schema import schema
from handler.cli import schema as schema_command
from handler.cli import test as test_command
from handler.cli.cases import CASE_KEYS, STEP_KEYS
from handler.cli.formats import FORMATS
from tests.test_docs import DOCS, EXAMPLES

TESTING = (DOCS / "testing-policies.md").read_text(encoding="utf-8")
EXPLAIN = (DOCS / "explain.md").read_text(encoding="utf-8")
TEXTS = re.findall(r"```text\n(.*?)```", EXPLAIN, re.DOTALL)


def policy(text: str) -> Policy:
    parsed = parse(text)
    assert parsed.policy is not None
    return parsed.policy


def test_the_cases_on_the_page_pass_with_the_policy_of_the_reference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (block,) = re.findall(r"```jsonl\n(.*?)```", TESTING, re.DOTALL)
    (tmp_path / "policy.json").write_text(EXAMPLES[0])
    (tmp_path / "cases.jsonl").write_text(block)
    root = argparse.ArgumentParser()
    test_command.add_parser(root.add_subparsers())
    paths = [str(tmp_path / "policy.json"), str(tmp_path / "cases.jsonl")]
    assert test_command.run(root.parse_args(["test", *paths])) == 0
    assert capsys.readouterr().out == "3 cases, 8 steps: all as expected\n"


@pytest.mark.parametrize("key", [*CASE_KEYS, *STEP_KEYS])
def test_every_key_of_a_case_is_explained(key: str) -> None:
    assert f"`{key}`" in TESTING


def test_the_sentences_on_the_page_are_those_of_the_reference_policy() -> None:
    assert TEXTS[0] in sentences(policy(EXAMPLES[0]))


def test_the_figures_on_the_page_are_those_of_a_cap_and_a_rate() -> None:
    entry = {
        "deny_if": [{"conditions": [{"path": "args.amount", "op": "gt", "value": 500}]}],
        "limits": [{"counter": "c", "window": "minute", "max": 30}],
    }
    document = {"version": "1", "default": "deny", "tools": {"create_charge": entry}}
    assert TEXTS[1] in listing(exposure(policy(json.dumps(document))))


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_of_check_is_named(form: str) -> None:
    assert f"`--format {form}`" in EXPLAIN


def test_the_printed_schema_takes_the_policies_of_the_reference(
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = argparse.ArgumentParser()
    schema_command.add_parser(root.add_subparsers())
    assert schema_command.run(root.parse_args(["schema"])) == 0
    printed = capsys.readouterr().out
    assert printed == schema()
    for text in EXAMPLES:
        Draft202012Validator(json.loads(printed)).validate(json.loads(text))
