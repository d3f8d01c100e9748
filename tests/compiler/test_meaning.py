"""What holds of every policy and every call, and the boundaries no corpus line can hold."""

import json
import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.check import check
from compiler.format import format_policy
from compiler.meaning import Meaning
from compiler.parse import parse
from compiler.policy import Operator, Policy
from compiler.values import Value
from compiler.verdict import Call, Effect, Subject
from tests.strategies import Document, calls, conditions, documents, subjects, text_of, times

SETTINGS = settings(max_examples=60)
NOW = 0.0


def policy_of(document: Document) -> Policy:
    parsed = parse(text_of(document))
    assert parsed.policy is not None, parsed.diagnostics
    return parsed.policy


@SETTINGS
@given(documents(), calls, subjects, times)
def test_under_default_deny_a_tool_that_nothing_names_is_denied(
    document: Document, call: Call, subject: Subject, now: float
) -> None:
    policy = policy_of({**document, "default": "deny", "tools": {}})
    assert Meaning(policy).decide(call, subject, now).effect is Effect.DENY


@SETTINGS
@given(documents(), calls, subjects, times)
def test_a_deny_beats_whatever_else_a_policy_says(
    document: Document, call: Call, subject: Subject, now: float
) -> None:
    everywhere = document.get("all_tools", {})
    rules = [*everywhere.get("deny_if", []), {"conditions": []}]
    denied = {**document, "all_tools": {**everywhere, "deny_if": rules}}
    assert Meaning(policy_of(denied)).decide(call, subject, now).effect is Effect.DENY


LEVELS = (Effect.DENY, Effect.REQUIRE_APPROVAL, Effect.ALLOW)


@SETTINGS
@given(documents(), st.lists(conditions(), max_size=2), st.data(), calls, subjects, times)
def test_a_deny_if_more_in_an_entry_that_is_there_never_widens(
    document: Document,
    asked: list[Document],
    data: st.DataObject,
    call: Call,
    subject: Subject,
    now: float,
) -> None:
    more = json.loads(text_of({"all_tools": {}, "tools": {}, **document}))
    entry = data.draw(st.sampled_from([more["all_tools"], *more["tools"].values()]))
    rules = entry.setdefault("deny_if", [])
    rules.insert(data.draw(st.integers(0, len(rules))), {"conditions": asked})
    before = Meaning(policy_of(document)).decide(call, subject, now).effect
    after = Meaning(policy_of(more)).decide(call, subject, now).effect
    assert LEVELS.index(after) <= LEVELS.index(before)


@SETTINGS
@given(documents(), calls, subjects, times, st.randoms(use_true_random=False))
def test_the_order_of_rules_and_conditions_never_changes_the_effect(
    document: Document, call: Call, subject: Subject, now: float, random: Random
) -> None:
    mixed = json.loads(text_of(document))
    for rules in (mixed.get("all_tools", {}), *mixed.get("tools", {}).values()):
        for part in rules.values():
            random.shuffle(part)
            for rule in part:
                random.shuffle(rule.get("conditions", []))
    before = Meaning(policy_of(document)).decide(call, subject, now)
    after = Meaning(policy_of(mixed)).decide(call, subject, now)
    assert after.effect is before.effect
    assert {one.counter for one in after.charges} == {one.counter for one in before.charges}


@SETTINGS
@given(documents(), calls, subjects, times)
def test_an_answer_names_its_place_and_carries_what_its_effect_allows(
    document: Document, call: Call, subject: Subject, now: float
) -> None:
    verdict = Meaning(policy_of(document)).decide(call, subject, now)
    assert (verdict.place is None) is (verdict.effect is Effect.ALLOW)
    assert bool(verdict.message) is (verdict.effect is not Effect.ALLOW)
    assert bool(verdict.holds) is (verdict.effect is Effect.REQUIRE_APPROVAL)
    assert not (verdict.charges and verdict.effect is Effect.DENY)
    assert all(hold.approvers for hold in verdict.holds)


@SETTINGS
@given(documents())
def test_formatting_is_idempotent_and_changes_no_meaning(document: Document) -> None:
    formatted = format_policy(text_of(document))
    assert isinstance(formatted, str)
    assert format_policy(formatted.encode()) == formatted
    assert policy_of(json.loads(formatted)) == policy_of(document)
    assert parse(formatted).policy == policy_of(document)


@SETTINGS
@given(documents())
def test_check_takes_every_policy_that_parses(document: Document) -> None:
    assert all(one.code.startswith("W") for one in check(policy_of(document)))


def _deny_if(condition: dict[str, Value]) -> Meaning:
    rules: dict[str, Value] = {"deny_if": [{"conditions": [condition]}]}
    return Meaning(policy_of({"version": "1", "default": "deny", "tools": {"t": rules}}))


def test_arguments_nested_beyond_recursion_are_answered() -> None:
    deep: Value = 1
    for _ in range(100_000):
        deep = [deep]
    asked: list[tuple[str, Value]] = [
        ("eq", [1]), ("contains", [1]), ("in", [[[1]]]), ("exists", False),
    ]  # fmt: skip
    for operator, literal in asked:
        engine = _deny_if({"path": "args.x", "op": operator, "value": literal})
        engine.decide(Call("t", {"x": deep}), Subject(), NOW)
    while isinstance(deep, list):  # taken apart here, for a tuple of this depth frees slowly
        deep = deep[0]


@pytest.mark.parametrize("operator", [one for one in Operator if "regex" not in one])
@pytest.mark.parametrize("now", [0.0, -1.0, 0.5, 253_402_300_799.0])
def test_every_operator_answers_every_kind_of_value(operator: Operator, now: float) -> None:
    literals: dict[str, Value] = {"in": ["a"], "not_in": ["a"], "exists": True}
    literal = 1 if operator.startswith("length") else literals.get(operator, "a")
    engine = _deny_if({"path": "args.x", "op": operator.value, "value": literal})
    kinds: list[Value] = [None, True, 0, 0.5, math.pi, 2**60, "", "a", [], ["a"], {}, {"a": 1}]
    for value in kinds:
        assert engine.decide(Call("t", {"x": value}), Subject(), now).effect in Effect
