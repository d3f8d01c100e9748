"""The reference pages leave nothing out: held against the code's own tables."""

import json
import re
from pathlib import Path

import pytest

from compiler.check import check
from compiler.diagnostics import CATALOGUE
from compiler.names import DEFAULT_DENY, HIDDEN, NO_POLICY, RuleList
from compiler.parse import document, parse
from compiler.parse.entries import SHORTHANDS, Action
from compiler.parse.limits import LIMIT
from compiler.parse.rules import SETTINGS
from compiler.policy import Default, Operator
from compiler.verdict import Scope
from compiler.windows import NAMED

DOCS = Path(__file__).parent.parent / "docs"
POLICY = (DOCS / "policy.md").read_text(encoding="utf-8")
DIAGNOSTICS = (DOCS / "diagnostics.md").read_text(encoding="utf-8")

EXAMPLES = [
    text for text in re.findall(r"```json\n(.*?)```", POLICY, re.DOTALL) if '"version"' in text
]


def rows(page: str) -> list[str]:
    """The first cells of a page's tables."""
    return re.findall(r"^\| ([^|]+) \|", page, re.MULTILINE)


@pytest.mark.parametrize(
    "field", [*document.POLICY.keys, *RuleList, *LIMIT.keys, *SETTINGS, *Operator]
)  # fmt: skip
def test_every_field_and_operator_has_its_row(field: str) -> None:
    assert f"`{field}`" in rows(POLICY)


def test_no_operator_is_described_that_does_not_exist() -> None:
    section = POLICY.split("### Operators")[1].split("###")[0]
    described = {row.strip("`") for row in rows(section)} - {"operator", "---"}
    assert described == set(Operator)


@pytest.mark.parametrize(
    "word",
    [*SHORTHANDS, *Action, *Default, *Scope, *NAMED, HIDDEN, NO_POLICY, DEFAULT_DENY, "[*]"],
)
def test_every_word_of_the_language_is_explained(word: str) -> None:
    assert word in POLICY


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_code_has_its_row_with_its_meaning(code: str) -> None:
    assert f"| {code} | {CATALOGUE[code]} |" in DIAGNOSTICS


def test_no_code_is_explained_that_does_not_exist() -> None:
    assert {row for row in rows(DIAGNOSTICS) if row[0] in "EW"} == set(CATALOGUE)


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_examples_are_policies_without_a_warning(text: str) -> None:
    parsed = parse(text)
    assert parsed.policy is not None, parsed.diagnostics
    assert check(parsed.policy) == ()
    json.loads(text)
