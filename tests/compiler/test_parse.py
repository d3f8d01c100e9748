"""What parsing promises beyond the corpus of bad policies."""

import json
import time

import pytest

from compiler.diagnostics import CATALOGUE
from compiler.globs import overlap
from compiler.parse import document, parse
from compiler.parse.agreement import MOST_GLOBS
from compiler.parse.document import MOST_TOOLS
from compiler.paths import PathError, parse_path
from compiler.policy import Every, Step
from tests.corpus import CASES, DIAGNOSTICS

ELSEWHERE = {"E002", "E041", "W113"}
"""Codes whose policies are too large for the corpus, or that need a list of tools; tested by
themselves."""


def test_every_code_is_shown_by_a_case_of_the_corpus() -> None:
    shown = {
        code
        for case in DIAGNOSTICS
        for code in CATALOGUE
        if f" {code} " in (CASES / case / "expected.txt").read_text(encoding="utf-8")
    }
    assert shown | ELSEWHERE == set(CATALOGUE)


def _with_tools(names: list[str]) -> list[str]:
    tools: dict[str, object] = {name: {} for name in names}
    policy = {"version": "1", "default": "deny", "tools": tools}
    return [one.code for one in parse(json.dumps(policy)).diagnostics]


@pytest.mark.parametrize("most", [500, pytest.param(MOST_TOOLS, marks=pytest.mark.full)])
def test_as_many_tools_as_the_cap_parse_and_one_more_does_not(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "MOST_TOOLS", most)
    names = [f"tool_{number}" for number in range(most)]
    assert _with_tools(names) == []
    assert _with_tools([*names, "one_more"]) == ["E041"]


def test_more_globs_than_can_be_compared_are_refused() -> None:
    assert _with_tools([f"a{number:05}*" for number in range(MOST_GLOBS)]) == []
    assert _with_tools([f"a{number:05}*" for number in range(MOST_GLOBS + 1)]) == ["E041"]


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("args.a.b", ("a", "b")), ("args.a-b_c.é", ("a-b_c", "é")), ("args[0]", (0,)),
        ('args["a.b"][10].c[*]', ("a.b", 10, "c", Every.ELEMENT)), ('args["*"]', ("*",)),
        ('args["\\u00e9\\"]"]', ('é"]',)), ('args[""]', ("",)), ("args.0", ("0",)),
    ],
)  # fmt: skip
def test_a_path_is_the_steps_it_spells(text: str, steps: tuple[Step, ...]) -> None:
    assert parse_path(text).steps == steps


@pytest.mark.parametrize(
    "text",
    ["", ".", "args", "args.", "args..a", "args.a.", "args[]", "args[01]", "args[-1]", "args['a']",
     'args["a]', "args.a b", "args.*", "argsx.a", "Args.a", "args[1]a", "args[9999999999]",
     "args" + ".a" * 65, "grant.id", "grant.tags.x", "grant.tags[0][0]", "time.hour.x", "time[0]"],
)  # fmt: skip
def test_a_path_outside_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(PathError):
        parse_path(text)


@pytest.mark.parametrize(
    ("left", "right", "both"),
    [("a*", "*b", True), ("a*", "b*", False), ("*a", "*b", False), ("a*b", "ab*", True),
     ("x*1*y", "x*2*y", True), ("ab*", "a*c", True), ("*", "z*", True), ("a*b", "a*c", False)],
)  # fmt: skip
def test_globs_overlap_where_one_name_matches_both(left: str, right: str, both: bool) -> None:
    assert overlap(left, right) is both
    assert overlap(right, left) is both


@pytest.mark.full
@pytest.mark.parametrize("pattern", ["x{{900}}{}", "(a|b)*a(a|b){{12}}{}", "^.{{1,250}}{}$"])
def test_many_patterns_that_are_each_just_small_enough_are_refused_together(pattern: str) -> None:
    conditions = [
        {"path": "args.x", "op": "regex", "value": pattern.format(number)} for number in range(300)
    ]
    rules = {"deny_if": [{"conditions": conditions}]}
    start = time.process_time()
    parsed = parse(json.dumps({"version": "1", "default": "deny", "all_tools": rules}))
    assert time.process_time() - start < 20
    assert parsed.policy is None
    assert "too large together" in parsed.diagnostics[-1].message
