"""The published schema: what it refuses the compiler refuses, and it knows every word."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # has no types

from compiler.names import RuleList
from compiler.parse import parse
from compiler.parse.document import POLICY
from compiler.parse.entries import SHORTHANDS, Action
from compiler.parse.limits import LIMIT, MOST_SHARDS, RATE
from compiler.parse.rules import SETTINGS
from compiler.policy import Default, Operator
from compiler.schema import schema
from compiler.verdict import Scope
from compiler.windows import LONGEST_WINDOW, NAMED
from tests.compiler.mutations import CORPUS, mutated
from tests.strategies import Document, documents, text_of

SCHEMA: dict[str, Any] = json.loads(schema())
VALIDATOR = Draft202012Validator(SCHEMA)


def compiles(document: Any) -> bool:
    return parse(json.dumps(document)).policy is not None


def takes(document: Any) -> bool:
    return bool(VALIDATOR.is_valid(document))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("document", CORPUS)
def test_every_policy_of_the_corpus_that_compiles_passes_the_schema(document: Any) -> None:
    assert takes(document) or not compiles(document)


@settings(max_examples=150)
@given(documents())
def test_every_generated_policy_passes_the_schema(document: Document) -> None:
    assert takes(json.loads(text_of(document)))


@settings(max_examples=300)
@given(mutated())
def test_what_the_schema_refuses_the_compiler_refuses(document: Any) -> None:
    assert takes(document) or not compiles(document), list(VALIDATOR.iter_errors(document))


@pytest.mark.full
@settings(max_examples=5_000)
@given(mutated())
def test_what_the_schema_refuses_the_compiler_refuses_at_length(document: Any) -> None:
    assert takes(document) or not compiles(document), list(VALIDATOR.iter_errors(document))


BY_SCHEMA = {"E010", "E011", "E012", "E013", "E014", "E016", "E032", "E034", "E035"}
"""Codes that an editor with the schema always shows."""


def test_an_editor_shows_what_is_wrong_with_the_shape_of_a_policy() -> None:
    seen = set()
    for document in CORPUS:
        codes = {one.code for one in parse(json.dumps(document)).diagnostics}
        if codes & BY_SCHEMA:
            seen |= codes & BY_SCHEMA
            assert not takes(document), document
    assert seen == BY_SCHEMA


@pytest.mark.parametrize(
    "bad",
    [
        {"hide": ["a", "*"]}, {"tools": {"": {}}}, {"tools": {"t": {"reason": "x"}}},
        {"tools": {"t": {"action": "allow", "reason": "x"}}},
        {"approvals": {"quorum": 0}}, {"approvals": {"expires_in": "0m"}},
        {"approvals": {"approvers": ["nobody"]}},
        {"approvals": {"approvers": ["a@b", "a@b"]}},
        {"approvals": {"approvers": [f"a{number}@b" for number in range(101)]}},
        {"tools": {"t": {"deny_if": [{"conditions": [{"path": "a", "op": "eq", "value": 1}]}]}}},
        {"tools": {"t": {"rate_limit": {"max": 1, "window": 60, "scope": "all"}}}},
        {"tools": {"t": {"rate_limit": {"max": -1, "window": 60}}}},
        {"tools": {"t": {"limits": [
            {"counter": "c", "window": "day", "max": 1, "increment_from": "args.a[*]"}]}}},
    ],
)  # fmt: skip
def test_both_refuse(bad: Document) -> None:
    document = {"version": "1", "default": "deny", **bad}
    assert not takes(document)
    assert not compiles(document)


@pytest.mark.parametrize("operator", Operator)
def test_a_literal_of_the_wrong_type_is_refused_where_the_compiler_refuses_it(
    operator: Operator,
) -> None:
    literals: tuple[Any, ...] = (None, True, 1, -1, "a", [], {})
    for literal in literals:
        condition = {"path": "args.a", "op": operator.value, "value": literal}
        rules = {"t": {"require": [{"conditions": [condition]}]}}
        document = {"version": "1", "default": "deny", "tools": rules}
        assert takes(document) is compiles(document), literal


def test_the_schema_lists_the_words_of_the_compiler() -> None:
    parts = SCHEMA["$defs"]
    top, entry, limit = SCHEMA["properties"], parts["entry"]["properties"], parts["limit"]
    assert tuple(top) == POLICY.keys
    assert tuple(entry) == (*RuleList, *SHORTHANDS)
    assert tuple(top["all_tools"]["properties"]) == tuple(RuleList)
    assert tuple(limit["properties"]) == LIMIT.keys
    assert set(entry["rate_limit"]["properties"]) == set(RATE.keys)
    assert set(top["approvals"]["properties"]) == set(SETTINGS)
    assert set(parts["condition"]["properties"]["op"]["enum"]) == set(Operator)
    assert set(top["default"]["enum"]) == set(Default)
    assert set(entry["action"]["enum"]) == set(Action)
    assert set(limit["properties"]["scope"]["enum"]) == set(Scope)
    named, seconds = parts["window"]["anyOf"]
    assert set(named["enum"]) == set(NAMED)
    split = limit["properties"]["shards"]
    assert (split["minimum"], split["maximum"]) == (2, MOST_SHARDS)
    assert seconds["maximum"] == LONGEST_WINDOW
