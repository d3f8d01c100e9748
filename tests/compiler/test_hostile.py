"""Hostile policies are refused, or compiled, in little time and memory, and always answered."""

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.build import build
from compiler.diagnostics import MOST, Severity
from compiler.policy import Span
from tests.compiler.hostile import MEMORY, POLICIES, measured
from tests.compiler.mutations import mutated
from tests.corpus import CASES

QUICK = (
    "nothing", "brackets", "an-open-comment", "words", "nested-as-deep-as-allowed", "half-pairs",
    "open-string", "one-key-many-times", "unknown-long-keys", "unknown-long-words", "long-numbers",
    "long-exponents", "pattern-counted", "pattern-wide", "pattern-stars",
)  # fmt: skip
"""Those of which each takes less than a second; they run always, the others with the full tests."""

SLOW = tuple(name for name in POLICIES if name not in QUICK)

SECONDS = 60
"""On a machine that has other things to do; alone none takes more than ten."""


def check(name: str) -> None:
    found = measured(name)
    assert found["seconds"] < SECONDS
    assert found["bytes"] < MEMORY // 2
    assert found["compiles"] or found["codes"]
    assert found["diagnostics"] <= MOST
    assert found["longest"] < 1_000
    assert found["drawn"] < 1_000_000


@pytest.mark.parametrize("name", QUICK)
def test_a_hostile_policy_is_answered_in_bounded_time_and_memory(name: str) -> None:
    check(name)


@pytest.mark.full
@pytest.mark.parametrize("name", SLOW)
def test_a_hostile_policy_that_takes_long_is_answered_in_bounded_time_and_memory(
    name: str,
) -> None:
    check(name)


ANSWERS = (
    ("globs-of-one-length", "diff"),
    ("globs-over-many-names", "diff"),
    ("globs-over-many-names", "prove"),
    ("globs-over-many-names", "explain"),
    ("limits-for-every-tool", "exposure"),
    ("one-counter-many-times", "exposure"),
    ("many-conditions", "diff"),
    ("many-conditions", "prove"),
    ("many-empty-rules", "fix"),
    ("a-long-list", "prove"),
)
"""Each of these once took longer than anybody waits."""

ANSWER_SECONDS = 240


@pytest.mark.full
@pytest.mark.parametrize(("name", "answer"), ANSWERS)
def test_answers_about_a_hostile_policy_come_in_bounded_time_and_memory(
    name: str, answer: str
) -> None:
    found = measured(name, answer)
    assert found["seconds"] < ANSWER_SECONDS
    assert found["bytes"] < MEMORY * 3 // 4


def answered(data: bytes) -> None:
    """A policy, or at least one error; every finding with a place in the text and one sentence."""
    built = build(data, "policy.json")
    errors = [one for one in built.diagnostics if one.severity is Severity.ERROR]
    assert (built.artifact is None) is bool(errors)
    lines = built.text.split("\n")
    for one in built.diagnostics:
        assert one.message and "\n" not in one.message and one.message.isprintable()
        assert not built.text or _stands(one.span, lines), one
    assert built.rendered().count(": E") >= bool(errors)


def _stands(span: Span, lines: list[str]) -> bool:
    return 1 <= span.line <= len(lines) and 1 <= span.column <= len(lines[span.line - 1]) + 1


FILES = sorted(CASES.glob("*/policy.json"))
FRAGMENTS = [
    b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\n",
    b"1e999999", b"-", b"9" * 40, b"\\ud800", b"\\u0000", b"NaN", b"null", b"true", b"//", b"/*",
    b'"args.a"', b'"regex"', b'"(("', b'{"a":', b"\xf0\x9f\x98\x80", b"\xc3", b"0.1e-400", b"'",
]  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A file of the corpus with some bytes exchanged, repeated, removed or put in."""
    data = bytearray(draw(st.sampled_from(FILES)).read_bytes())
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 6)))
        data[at:end] = draw(st.one_of(st.sampled_from(FRAGMENTS), st.just(bytes(data[at:end]) * 3)))
    return bytes(data)


@settings(max_examples=400)
@given(damaged())
def test_no_damaged_file_makes_the_compiler_fail(data: bytes) -> None:
    answered(data)


@settings(max_examples=400)
@given(mutated())
def test_no_changed_policy_makes_the_compiler_fail(document: Any) -> None:
    answered(json.dumps(document).encode())


@pytest.mark.full
@settings(max_examples=10_000)
@given(st.one_of(damaged(), mutated().map(lambda document: json.dumps(document).encode())))
def test_no_bytes_make_the_compiler_fail_at_length(data: bytes) -> None:
    answered(data)


@pytest.mark.parametrize("seed", range(20))
def test_random_bytes_are_refused(seed: int) -> None:
    data = random.Random(seed).randbytes(2_000)
    answered(data)
    assert build(data, "policy.json").artifact is None


WRONG: tuple[Any, ...] = (None, True, 0, -1, 1.5, "", "x", [], [1], [[]], {}, {"x": 1})
CONDITION = {"path": "args.a", "op": "eq", "value": 1}
WHOLE: dict[str, Any] = {
    "version": "1",
    "default": "deny",
    "hide": ["h"],
    "approvals": {"approvers": ["a@b"], "quorum": 1, "expires_in": "1h", "mail_arguments": True},
    "all_tools": {"limits": [{"counter": "c", "window": "day", "max": 1}]},
    "tools": {
        "t": {
            "require": [{"conditions": [CONDITION], "on_deny": "x"}],
            "approve_if": [{"conditions": [], "reason": "x"}],
            "limits": [{"counter": "d", "window": "day", "max": 1, "scope": "all", "shared": True,
                        "increment_from": "args.a", "per": ["args.b"], "on_limit": "x"}],
            "rate_limit": {"max": 1, "window": 60, "scope": "grant"},
            "action": "deny",
            "reason": "x",
        }
    },
}  # fmt: skip


def _replaced(value: Any, wrong: Any) -> list[Any]:
    """The document once for each of its parts, with that part exchanged."""
    found = [wrong]
    if isinstance(value, dict):
        for key, inner in value.items():
            found += [{**value, key: one} for one in _replaced(inner, wrong)]
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found += [[*value[:index], one, *value[index + 1 :]] for one in _replaced(inner, wrong)]
    return found


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_every_wrong_type_in_every_place_is_answered(wrong: Any) -> None:
    documents = _replaced(WHOLE, wrong)
    assert len(documents) > 40
    for document in documents:
        answered(json.dumps(document).encode())
