"""Every engine answers as `compiler.meaning` does, to the place and the message."""

import json
from itertools import product
from typing import Any

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from compiler.lower import lower
from compiler.meaning import Meaning
from compiler.policy import Operator
from compiler.verdict import Call, Subject
from tests.decision.engines import MAKE, NOBODY, both, policy_of
from tests.strategies import Document, calls, documents, subjects, times

engines = pytest.mark.parametrize("engine", MAKE)

LITERALS: dict[Operator, tuple[Any, ...]] = {
    **dict.fromkeys(
        (Operator.EQ, Operator.NEQ, Operator.CONTAINS, Operator.NOT_CONTAINS),
        (
            0,
            1,
            1.0,
            0.1,
            -0.0,
            2**53 - 1,
            1e300,
            "",
            "a",
            "5",
            True,
            False,
            None,
            [],
            [1],
            {"a": 1},
        ),
    ),
    **dict.fromkeys(
        (Operator.LT, Operator.LTE, Operator.GT, Operator.GTE),
        (0, 1, -1, 0.1, 0.3, 2**53 - 1, 1 - 2**53, 1e300, 5e-324, "", "a", "é", "\U0001f600"),
    ),
    **dict.fromkeys(
        (Operator.IN, Operator.NOT_IN),
        ([], [1], [0.1, "a"], ["a", "b"], [True], [None], [[1], {"a": 1}], [2**53 - 1]),
    ),
    Operator.EXISTS: (True, False),
    **dict.fromkeys((Operator.REGEX, Operator.NOT_REGEX), ("a", "^a$", "^$", "[0-9]", "é")),
    **dict.fromkeys((Operator.STARTS_WITH, Operator.ENDS_WITH), ("", "a", "é")),
    **dict.fromkeys((Operator.LENGTH_LTE, Operator.LENGTH_GTE), (0, 1, 2)),
}

VALUES: tuple[Any, ...] = (
    0, -0.0, 1, 1.0, -1, 0.1, 0.3, 0.30000000000000004, 5e-324, 1e300, -1e300,
    2**53 - 2, 2**53 - 1, 2**53, 2**53 + 1, 1 - 2**53, -(2**53), 2**63, 2**64 - 1, -(2**63),
    9007199254740992.0, 1e17, 1.8446744073709552e19, 2e19, -1e19,
    "", "a", "b", "A", "5", "true", "é", "e\u0301", "\U0001f600", "\uffff", "a\n",
    True, False, None, [], [1], [1.0], ["a"], ["a", 1], [None], [2**53], [1, [2**53]], [[1]],
    {}, {"a": 1}, {"a": 2**53}, {"a": {"b": 1}},
)  # fmt: skip

PATHS = (
    "args.x", "args.x.a", "args.x.a.b", "args.x[0]", "args.x[1]", "args.x[*]", "args.x[*][*]",
    "args.x[*].a", "args.x[0].a", "args[0]", "args[*]", "args.y", "args.y[*]",
)  # fmt: skip

LISTS = ("require", "deny_if", "approve_if")


def tool_for_each(conditions: list[Document]) -> Document:
    """A policy with a tool for each condition and list, named by their numbers."""
    tools = {
        f"{index}-{which}": {which: [{"conditions": [condition]}]}
        for index, condition in enumerate(conditions)
        for which in LISTS
    }
    approvals = {"approvers": ["ops@example.com"]}
    return {"version": "1", "default": "deny", "approvals": approvals, "tools": tools}


def assert_alike_on(
    engine: str, conditions: list[Document], arguments: list[dict[str, Any]]
) -> None:
    meaning, held = both(tool_for_each(conditions), engine)
    for (index, condition), which in product(enumerate(conditions), LISTS):
        for given_arguments in arguments:
            call = Call(f"{index}-{which}", given_arguments)
            expected = meaning.decide(call, NOBODY, 0)
            assert held.decide(call, NOBODY, 0) == expected, (condition, which, given_arguments)


@engines
@pytest.mark.parametrize("operator", Operator)
def test_at_every_boundary_of_every_operator_it_answers_alike(
    operator: Operator, engine: str
) -> None:
    conditions: list[Document] = [
        {"path": "args.x", "op": operator.value, "value": literal} for literal in LITERALS[operator]
    ]
    assert_alike_on(engine, conditions, [{}, *({"x": value} for value in VALUES)])


@engines
@pytest.mark.parametrize("path", PATHS)
def test_along_every_kind_of_path_it_answers_alike(path: str, engine: str) -> None:
    shown = (("eq", 1), ("neq", 1), ("gt", 0), ("exists", True), ("exists", False), ("in", [1]))
    conditions: list[Document] = [
        {"path": path, "op": operator, "value": literal} for operator, literal in shown
    ]
    inside = [[value] for value in VALUES] + [{"a": value} for value in VALUES]
    found = [{"x": value} for value in (*VALUES, *inside, [[], [1]], [{"a": 1}, {}, None])]
    assert_alike_on(engine, conditions, [{}, {"y": None}, {"y": [1, 2]}, *found])


LONG = ("order-00001", "order-00002", "order-00", "order-000", "order-00012345678", "ordes-0")


@engines
def test_texts_are_searched_and_ordered_to_their_last_byte_and_no_further(engine: str) -> None:
    texts = ["ab", "aab", "aaab", "abab", "b", "", 'ab"', "aaaaaaaaab", "aaaaaaaab\n", *LONG]
    operators = ("contains", "starts_with", "ends_with", "lt", "lte", "eq")
    conditions: list[Document] = [
        {"path": "args.x", "op": operator, "value": literal}
        for operator in operators
        for literal in ("ab", 'ab"', 'b"}', "aab", "b\n", *LONG)
    ]
    assert_alike_on(engine, conditions, [{"x": text} for text in texts])


@engines
def test_a_rounded_number_makes_all_that_it_is_inside_unreadable(engine: str) -> None:
    large = 2**53
    found = [[large], {"a": large}, [large, {}], [large, [1]], [{}, large],
             [[{"a": large}, [1]], 1], {"a": large, "b": {"c": [1]}},
             {"a": {"b": {}, "c": [1]}, "b": 1}]  # fmt: skip
    conditions: list[Document] = [
        {"path": "args.x", "op": operator, "value": literal}
        for operator, literal in (("eq", [1]), ("eq", {"a": 1}), ("in", [[1], {"a": 1}]))
    ]
    assert_alike_on(engine, conditions, [{"x": value} for value in found])


@engines
def test_keys_of_every_length_are_told_apart(engine: str) -> None:
    found = [start + "k" * length for start in ("", "\n") for length in range(1, 11)]
    conditions: list[Document] = [
        {"path": f"args[{json.dumps(key)}]", "op": "exists", "value": True} for key in found
    ]
    assert_alike_on(engine, conditions, [{key: 1} for key in found])


def check(document: Document, asked: list[Call], subject: Subject, now: float) -> None:
    """The specification and all engines agree on every call, however often it comes."""
    policy = policy_of(document)
    meaning, program = Meaning(policy), lower(policy)
    made = {name: make(program) for name, make in MAKE.items()}
    for call in asked:
        expected = meaning.decide(call, subject, now)
        for name, engine in made.items():
            assert engine.decide(call, subject, now) == expected, name
            assert engine.decide(call, subject, now) == expected, f"{name}, the second time"
            assert engine.hides(call.tool) == meaning.hides(call.tool), name
            assert engine.lists(call.tool) == meaning.lists(call.tool), name


@settings(max_examples=150)
@given(documents(), st.lists(calls, min_size=3, max_size=6), subjects, times)
def test_on_any_policy_and_call_all_engines_answer_alike(
    document: Document, asked: list[Call], subject: Subject, now: float
) -> None:
    check(document, asked, subject, now)


@pytest.mark.full
@seed(20261121)
@settings(max_examples=6_000)
@given(documents(), st.lists(calls, min_size=20, max_size=24), subjects, times)
def test_on_many_policies_and_calls_all_engines_answer_alike(
    document: Document, asked: list[Call], subject: Subject, now: float
) -> None:
    check(document, asked, subject, now)


@engines
@pytest.mark.parametrize(
    "now",
    [0, 0.5, -0.5, -1, -86_400, 3599.999999, 3600, 86_399.9, 86_400, 345_600, 1_709_200_800.123456,
     253_402_300_799, 1e14],
)  # fmt: skip
def test_hours_and_weekdays_are_those_of_the_specification(now: float, engine: str) -> None:
    tools = {
        f"{name}-{number}": {
            "require": [{"conditions": [{"path": f"time.{name}", "op": "eq", "value": number}]}]
        }
        for name, numbers in (("hour", range(24)), ("weekday", range(1, 8)))
        for number in numbers
    }
    meaning, held = both({"version": "1", "default": "deny", "tools": tools}, engine)
    for tool in tools:
        expected = meaning.decide(Call(tool), NOBODY, now)
        assert held.decide(Call(tool), NOBODY, now) == expected, tool
