"""The table engine answers as `compiler.meaning` does, to the place and the message."""

import json
import subprocess
import sys
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings

from compiler.lower import lower
from compiler.meaning import Meaning
from compiler.parse import parse
from compiler.policy import Operator
from compiler.table.write import encode
from compiler.verdict import Call, Effect, Subject
from handler.decision.table import LONGEST_NAME, TableEngine
from tests.strategies import Document, calls, documents, subjects, text_of, times

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
NOBODY = Subject()


def both(document: Document) -> tuple[Meaning, TableEngine]:
    """The specification and the engine of one policy."""
    parsed = parse(text_of(document))
    assert parsed.policy is not None, parsed.diagnostics
    return Meaning(parsed.policy), TableEngine(encode(lower(parsed.policy)))


def tool_for_each(conditions: list[Document]) -> Document:
    """A policy with a tool for each condition and list, named by their numbers."""
    tools = {
        f"{index}-{which}": {which: [{"conditions": [condition]}]}
        for index, condition in enumerate(conditions)
        for which in LISTS
    }
    approvals = {"approvers": ["ops@example.com"]}
    return {"version": "1", "default": "deny", "approvals": approvals, "tools": tools}


def assert_alike_on(conditions: list[Document], arguments: list[dict[str, Any]]) -> None:
    meaning, table = both(tool_for_each(conditions))
    for (index, condition), which in product(enumerate(conditions), LISTS):
        for given_arguments in arguments:
            call = Call(f"{index}-{which}", given_arguments)
            expected = meaning.decide(call, NOBODY, 0)
            assert table.decide(call, NOBODY, 0) == expected, (condition, which, given_arguments)


@pytest.mark.parametrize("operator", Operator)
def test_at_every_boundary_of_every_operator_both_answer_alike(operator: Operator) -> None:
    conditions: list[Document] = [
        {"path": "args.x", "op": operator.value, "value": literal} for literal in LITERALS[operator]
    ]
    assert_alike_on(conditions, [{}, *({"x": value} for value in VALUES)])


@pytest.mark.parametrize("path", PATHS)
def test_along_every_kind_of_path_both_answer_alike(path: str) -> None:
    shown = (("eq", 1), ("neq", 1), ("gt", 0), ("exists", True), ("exists", False), ("in", [1]))
    conditions: list[Document] = [
        {"path": path, "op": operator, "value": literal} for operator, literal in shown
    ]
    inside = [[value] for value in VALUES] + [{"a": value} for value in VALUES]
    arguments = [{"x": value} for value in (*VALUES, *inside, [[], [1]], [{"a": 1}, {}, None])]
    assert_alike_on(conditions, [{}, {"y": None}, {"y": [1, 2]}, *arguments])


@settings(max_examples=150)
@given(documents(), calls, subjects, times)
def test_on_any_policy_and_call_both_answer_alike(
    document: Document, call: Call, subject: Subject, now: float
) -> None:
    meaning, table = both(document)
    expected = meaning.decide(call, subject, now)
    assert table.decide(call, subject, now) == expected
    assert table.decide(call, subject, now) == expected, "the second time"
    assert table.hides(call.tool) == meaning.hides(call.tool)


def test_names_too_long_to_be_kept_are_served_all_the_same() -> None:
    document = {"version": "1", "default": "deny", "tools": {"a*": {}}}
    meaning, table = both(document)
    for name in ("a" * LONGEST_NAME, "a" * (LONGEST_NAME + 1), "b" * (LONGEST_NAME + 1)):
        assert table.decide(Call(name), NOBODY, 0) == meaning.decide(Call(name), NOBODY, 0)
    assert table.decide(Call("a" * 10_000), NOBODY, 0).effect is Effect.ALLOW


REQUEST_PATH = """
import json, sys
import handler.decision.table, handler.decision.arguments, handler.policies.current
from compiler.verdict import Call, Subject
table = open(sys.argv[1], "rb").read()
handler.decision.table.TableEngine(table).decide(Call("t", {"x": "a"}), Subject(), 0)
print(json.dumps(sorted(sys.modules)))
"""


def test_the_request_path_loads_no_part_of_the_compiler_that_reads_policies(
    tmp_path: Any,
) -> None:
    rule = {"conditions": [{"path": "args.x", "op": "regex", "value": "^a$"}]}
    document = {"version": "1", "default": "deny", "tools": {"t": {"require": [rule]}}}
    policy = parse(text_of(document)).policy
    assert policy is not None
    file = tmp_path / "policy.table"
    file.write_bytes(encode(lower(policy)))
    ran = subprocess.run(
        [sys.executable, "-c", REQUEST_PATH, str(file)], capture_output=True, text=True, check=True
    )
    loaded = {name for name in json.loads(ran.stdout) if name.split(".")[0] in ("compiler",)}
    assert loaded == {
        "compiler",
        "compiler.artifact",
        "compiler.frozen",
        "compiler.globs",
        "compiler.ir",
        "compiler.names",
        "compiler.policy",
        "compiler.regex",
        "compiler.regex.errors",
        "compiler.regex.run",
        "compiler.table",
        "compiler.table.layout",
        "compiler.table.read",
        "compiler.values",
        "compiler.verdict",
    }
    assert not {"boto3", "wasmtime", "starlette"} & set(json.loads(ran.stdout))
