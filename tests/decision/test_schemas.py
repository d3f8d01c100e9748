"""Narrowed schemas: nothing that the policy would take is ruled out, and what is added is exact."""

import json
import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # has no stubs

from compiler.lower import lower
from compiler.meaning import Meaning
from compiler.narrow import reads_alike
from compiler.policy import Policy
from compiler.table.read import Table
from compiler.table.write import encode
from compiler.verdict import Call, Effect, Subject
from handler.decision.schemas import narrowed
from tests.compiler.answers.pairs import LITERALS, policy
from tests.strategies import Document

AMOUNT = {"type": "object", "properties": {"amount": {"type": "number"}}}


def of(rules: Document, everywhere: Document | None = None) -> Policy:
    return policy(
        {"version": "1", "default": "deny", "all_tools": everywhere or {}, "tools": {"pay": rules}}
    )


def shown(rules: Document, schema: Document, everywhere: Document | None = None) -> Document:
    """The schema of `pay` by way of the decision table."""
    before = json.dumps(schema)
    found = narrowed(Table(encode(lower(of(rules, everywhere)))), "pay", schema)
    assert json.dumps(schema) == before
    return found


def rule(path: str, op: str, value: Any) -> Document:
    return {"conditions": [{"path": path, "op": op, "value": value}]}


def test_a_cap_becomes_a_maximum() -> None:
    found = shown({"deny_if": [rule("args.amount", "gt", 10000)]}, AMOUNT)
    assert found["properties"]["amount"] == {"type": "number", "maximum": 10000}
    assert "required" not in found


@pytest.mark.parametrize(
    "kind, op, value, schema, added",
    [
        ("require", "lte", 5, {}, {"maximum": 5}),
        ("require", "lt", 5, {}, {"exclusiveMaximum": 5}),
        ("require", "gte", 5, {}, {"minimum": 5}),
        ("require", "gt", 5, {}, {"exclusiveMinimum": 5}),
        ("deny_if", "gte", 5, {}, {"exclusiveMaximum": 5}),
        ("deny_if", "lt", 5, {}, {"minimum": 5}),
        ("deny_if", "lte", 5, {}, {"exclusiveMinimum": 5}),
        ("deny_if", "gt", 5, {"maximum": 3}, {"maximum": 3}),
        ("deny_if", "gt", 5, {"maximum": 9}, {"maximum": 5}),
        ("deny_if", "gt", 5, {"maximum": 9, "exclusiveMaximum": True},
         {"maximum": 9, "exclusiveMaximum": True}),
        ("require", "lt", "m", {}, {}),
        ("require", "eq", "usd", {}, {"const": "usd"}),
        ("deny_if", "neq", "usd", {}, {"const": "usd"}),
        ("require", "in", ["a", "b"], {}, {"enum": ["a", "b"]}),
        ("require", "in", ["a", "b"], {"enum": ["b", "c"]}, {"enum": ["b"]}),
        ("require", "in", ["a"], {"enum": ["b"]}, {"enum": ["b"]}),
        ("require", "in", [1], {"enum": [True, 1.0]}, {"enum": [1.0]}),
        ("deny_if", "in", ["a"], {"enum": ["a", "b", None]}, {"enum": ["b"]}),
        ("deny_if", "in", ["a"], {}, {}),
        ("require", "regex", "^cus_[a-z0-9]+$", {}, {"pattern": "^cus_[a-z0-9]+$"}),
        ("require", "regex", "^.$", {}, {}),
        ("require", "starts_with", "a.b", {}, {"pattern": r"^a\.b"}),
        ("require", "ends_with", "$", {}, {"pattern": r"\$$"}),
        ("require", "regex", "a", {"pattern": "b"}, {"pattern": "b"}),
        ("require", "length_lte", 3, {"type": "string"}, {"type": "string", "maxLength": 3}),
        ("require", "length_gte", 3, {"type": "array"}, {"type": "array", "minItems": 3}),
        ("deny_if", "length_gte", 3, {}, {"maxLength": 2, "maxItems": 2}),
        ("deny_if", "length_lte", 3, {}, {"minLength": 4, "minItems": 4}),
        ("deny_if", "length_gte", 0, {}, {}),
        ("require", "lte", 5, {"$ref": "#/$defs/x"}, {"$ref": "#/$defs/x"}),
        ("require", "lte", 5, {"oneOf": [{}]}, {"oneOf": [{}]}),
    ],
)  # fmt: skip
def test_each_demand_has_its_keyword(
    kind: str, op: str, value: Any, schema: Document, added: Document
) -> None:
    found = shown({kind: [rule("args.x", op, value)]}, {"properties": {"x": schema}})
    assert found["properties"]["x"] == added


@pytest.mark.parametrize(
    "kind, op, value, needed",
    [
        ("require", "lte", 5, True),
        ("require", "exists", True, True),
        ("require", "exists", False, False),
        ("deny_if", "exists", False, True),
        ("deny_if", "exists", True, False),
        ("deny_if", "gt", 5, False),
        ("deny_if", "not_in", [5], True),
        ("deny_if", "not_contains", "x", True),
    ],
)
def test_an_argument_is_required_where_a_call_without_it_is_denied(
    kind: str, op: str, value: Any, needed: bool
) -> None:
    schema: Document = {"properties": {"o": {"properties": {"x": {}}}}}
    found = shown({kind: [rule("args.o.x", op, value)]}, schema)
    assert (found.get("required") == ["o"]) is needed
    assert (found["properties"]["o"].get("required") == ["x"]) is needed


def test_rules_for_all_tools_narrow_too() -> None:
    found = shown({}, AMOUNT, everywhere={"require": [rule("args.amount", "lte", 3)]})
    assert found["properties"]["amount"]["maximum"] == 3


@pytest.mark.parametrize(
    "rules",
    [
        {"approve_if": [rule("args.amount", "gt", 5)]},
        {"deny_if": [{"conditions": rule("args.amount", "gt", 5)["conditions"] * 2}]},
        {"deny_if": [rule("args.amount[0]", "gt", 5)]},
        {"deny_if": [rule("args.amount[*]", "gt", 5)]},
        {"deny_if": [rule("args.other", "gt", 5)]},
        {"deny_if": [rule("args.amount.cents", "gt", 5)]},
        {"deny_if": [rule("time.hour", "gt", 5)]},
    ],
)
def test_what_decides_nothing_by_itself_leaves_the_schema(rules: Document) -> None:
    assert shown(rules, AMOUNT) == AMOUNT


def test_a_tool_that_no_entry_serves_keeps_its_schema() -> None:
    table = Table(encode(lower(of({"deny_if": [rule("args.amount", "gt", 5)]}))))
    assert narrowed(table, "other", AMOUNT) == AMOUNT


def test_a_schema_of_an_old_draft_is_left_as_it_is() -> None:
    """Numbers as exclusive bounds would make it no schema of that draft."""
    old = {"$schema": "http://json-schema.org/draft-04/schema#", **AMOUNT}
    assert shown({"deny_if": [rule("args.amount", "gte", 5)]}, old) == old


@pytest.mark.parametrize(
    "pattern",
    [
        "^a+$",
        "^(?:usd|eur)$",
        r"^\d{2,4}-[A-Z]{3}$",
        r"[a-z0-9_.@-]+",
        r"^\$[0-9]+\.[0-9]{2}?$",
        "",
    ],
)
def test_patterns_that_everybody_reads_alike_are_kept(pattern: str) -> None:
    assert reads_alike(pattern)
    re.compile(pattern)


@pytest.mark.parametrize(
    "pattern",
    [".", r"\s", r"\S", r"\bx", "[^a]", "(?i)a", "(?P<x>a)", r"\pL", "é", r"\x41", "[[:alpha:]]",
     "a{", "^*", r"\Qa\E", r"\z", r"\D", "[a-]]", r"\_", "a++"],
)  # fmt: skip
def test_patterns_that_are_read_differently_are_left_out(pattern: str) -> None:
    assert not reads_alike(pattern)


leaves = st.sampled_from([0, 1, 2, 3, 1.5, 100, -1, "", "a", "b", "ab", "abc", "é", True, None])
values = st.one_of(leaves, st.lists(leaves, max_size=3), st.fixed_dictionaries({"c": leaves}))


@st.composite
def rules(draw: st.DrawFn) -> Document:
    path = draw(st.sampled_from(["args.a", "args.b", "args.o.a", "args.o"]))
    operator = draw(st.sampled_from(list(LITERALS)))
    return rule(path, operator, draw(LITERALS[operator]))


entries = st.fixed_dictionaries(
    {}, optional={name: st.lists(rules(), max_size=3) for name in ("require", "deny_if")}
)
properties = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["number", "string", "array", ["number", "string"], "boolean"]),
        "maximum": st.integers(0, 3),
        "exclusiveMaximum": st.integers(0, 3),
        "minimum": st.integers(-1, 2),
        "maxLength": st.integers(0, 3),
        "minItems": st.integers(0, 2),
        "enum": st.lists(leaves, min_size=1, max_size=4),
        "const": leaves,
        "pattern": st.sampled_from(["^a", "b$"]),
    },
)
schemas = st.fixed_dictionaries(
    {},
    optional={
        "properties": st.fixed_dictionaries(
            {},
            optional={
                "a": properties,
                "b": properties,
                "o": st.fixed_dictionaries(
                    {}, optional={"properties": st.fixed_dictionaries({"a": properties})}
                ),
            },
        ),
        "required": st.sampled_from([["a"], ["o", "b"]]),
        "additionalProperties": st.booleans(),
    },
)
arguments = st.fixed_dictionaries(
    {},
    optional={
        "a": values,
        "b": values,
        "o": st.one_of(values, st.fixed_dictionaries({}, optional={"a": values})),
    },
)


@given(entries, schemas, st.lists(arguments, min_size=1, max_size=12))
@settings(max_examples=300)
@example({"deny_if": [rule("args.a", "gt", 1)]}, {"properties": {"a": {}}}, [{"a": 1}, {"a": 2}])
def test_what_the_policy_takes_and_the_schema_accepts_the_narrowed_schema_accepts(
    entry: Document, schema: Document, calls: list[Document]
) -> None:
    meaning, narrow = Meaning(of(entry)), shown(entry, schema)
    original, after = Draft202012Validator(schema), Draft202012Validator(narrow)
    for call in calls:
        taken = meaning.decide(Call("pay", call), Subject(), 0).effect is not Effect.DENY
        if taken and original.is_valid(call):
            assert after.is_valid(call), (narrow, call)
        if after.is_valid(call):
            assert original.is_valid(call), (narrow, call)


WORDS = (
    "properties", "a", "o", "required", "type", "enum", "const", "maximum", "exclusiveMaximum",
    "minimum", "minLength", "maxItems", "pattern", "$ref", "oneOf",
)  # fmt: skip
anything = st.recursive(
    st.one_of(leaves, st.sampled_from(WORDS), st.sampled_from([2**70, -(2**70), 1e308])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(WORDS), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(
    entries,
    st.one_of(
        st.dictionaries(st.sampled_from(WORDS), anything, max_size=5),
        st.fixed_dictionaries(
            {"properties": st.dictionaries(st.sampled_from(["a", "o"]), anything)},
            optional={"required": anything},
        ),
    ),
)
@settings(max_examples=200)
@example({"require": [rule("args.a", "in", [1])]}, {"properties": {"a": {"enum": 5, "type": 7}}})
def test_a_schema_that_is_none_is_no_failure(entry: Document, schema: Document) -> None:
    """An upstream may send any JSON; its list must not become an error for it."""
    json.dumps(shown(entry, schema))


def test_the_law_is_not_empty() -> None:
    """Narrowing does rule calls out: a schema left as it is would keep the law, too."""
    entry = {"require": [rule("args.a", "lte", 1)]}
    found = Draft202012Validator(shown(entry, {"properties": {"a": {}}}))
    assert not found.is_valid({"a": 2}) and not found.is_valid({}) and found.is_valid({"a": 1})
