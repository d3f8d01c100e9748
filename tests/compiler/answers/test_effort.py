"""Answers take bounded work, and what it does not suffice for is not decided: never guessed."""

import gc
import json
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.answers.claim import parse_claim
from compiler.answers.diff import diff
from compiler.answers.effort import Effort
from compiler.answers.prove import prove
from compiler.answers.relation import Relation
from compiler.explain.sentences import sentences
from compiler.exposure.whole import exposure
from compiler.policy import Policy
from tests.compiler.answers.pairs import pairs, policy
from tests.strategies import Document

SECONDS = 20
"""On a machine that has other things to do; each takes less than two, and took minutes or more
before it was bounded."""

MEMORY = 300_000_000


@given(pairs, st.integers(0, 3_000))
@settings(max_examples=150)
def test_with_less_effort_an_answer_is_the_same_or_is_not_decided(
    both: tuple[Policy, Policy], steps: int
) -> None:
    whole, less = diff(*both), diff(*both, Effort(steps))
    assert less.relation in (whole.relation, Relation.NOT_DECIDED)
    assert less.undecided or less == whole


def tools(entry: Callable[[int], Document], count: int) -> Policy:
    entries = {f"t{number}": entry(number) for number in range(count)}
    return policy({"version": "1", "default": "deny", "tools": entries})


def condition(op: str, value: Any, path: str) -> Document:
    return {"path": path, "op": op, "value": value}


def rule(op: str, value: Any, path: str = "args.a") -> Document:
    return {"conditions": [condition(op, value, path)]}


def compared(make: Callable[[int], Document]) -> Relation:
    """How a policy differs from the same with one rule more in its first tool."""
    first = {"t0": make(0)}
    more = {"t0": {**make(0), "require": [rule("exists", True, "args.b")]}}
    old, new = (
        policy({"version": "1", "default": "deny", "tools": entries}) for entries in (first, more)
    )
    return diff(old, new, Effort(2_000_000)).relation


HARD: dict[str, Callable[[], object]] = {
    "conditions-on-one-argument": lambda: compared(
        lambda _: {"deny_if": [rule("eq", number) for number in range(3_000)]}
    ),
    "rules-of-several-conditions": lambda: compared(
        lambda _: {
            "deny_if": [
                {"conditions": [condition("eq", n, f"args.{key}") for key in "ab"]}
                for n in range(1_000)
            ]
        }
    ),
    "a-long-text": lambda: compared(lambda _: {"deny_if": [rule("eq", "a" * 300_000)]}),
    "a-long-list": lambda: compared(lambda _: {"require": [rule("in", list(range(50_000)))]}),
    "globs-with-many-stars": lambda: prove(
        policy({
            "version": "1", "default": "deny",
            "tools": {f"{n:04}{'*x' * 500}": {} for n in range(100)},
        }),
        parse_claim("* where args.a > 1"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HARD)
def test_what_is_built_to_take_years_is_answered_soon(name: str) -> None:
    start = time.process_time()
    HARD[name]()
    assert time.process_time() - start < SECONDS


def test_a_long_text_is_compared_in_little_memory() -> None:
    tracemalloc.start()
    try:
        assert HARD["a-long-text"]() in (Relation.NARROWER, Relation.NOT_DECIDED)
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()


def limit(number: int) -> Document:
    return {"limits": [{"counter": f"c{number}", "window": "day", "max": 1, "shared": True}]}


def seconds(answer: Callable[[Policy], object], asked: Policy) -> float:
    """Of the processor, without the collector's looks at all that other tests have left."""
    gc.disable()
    try:
        start = time.process_time()
        answer(asked)
        return time.process_time() - start
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("answer", "entry"),
    [(exposure, limit), (sentences, lambda _: {}), (sentences, limit)],
    ids=["exposure", "explain-plain", "explain"],
)
def test_answers_about_a_policy_take_time_by_its_size(
    answer: Callable[[Policy], object], entry: Callable[[int], Document]
) -> None:
    few, many = (seconds(answer, tools(entry, count)) for count in (500, 4_000))
    assert many < 8 * 4 * max(few, 0.05)


def test_tools_that_differ_in_their_own_tallies_only_are_told_together() -> None:
    def entry(number: int) -> Document:
        return {"limits": [{"counter": "calls", "window": "day", "max": 5}]}

    old = tools(entry, 50)
    new = policy(
        {
            "version": "1",
            "default": "deny",
            "all_tools": {"deny_if": [rule("gt", 5)]},
            "tools": {f"t{number}": entry(number) for number in range(50)},
        }
    )
    (change,) = diff(old, new).changes
    assert (change.relation, len(change.tools)) == (Relation.NARROWER, 50)
    assert json.loads(change.witness.line)["tool"] == "t0"
