"""Every case of the corpus, on every engine."""

import json
from collections.abc import Callable

import pytest

from compiler.check import check
from compiler.diagnostics import render
from compiler.lower import lower
from compiler.meaning import Meaning
from compiler.parse import parse
from compiler.policy import Policy
from compiler.table.write import encode
from compiler.verdict import Engine
from compiler.wasm.emit import emit
from handler.decision.table import TableEngine
from handler.decision.wasm_engine import WasmEngine
from tests.corpus import CASES, DECISIONS, DIAGNOSTICS, asked, bytes_of, lines, policy_of, record

ENGINES: dict[str, Callable[[Policy], Engine]] = {
    "meaning": Meaning,
    "table": lambda policy: TableEngine(encode(lower(policy))),
    "wasm": lambda policy: WasmEngine(emit(lower(policy))),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", DECISIONS)
def test_every_engine_answers_as_the_case_says(case: str, engine: str) -> None:
    decider = ENGINES[engine](policy_of(case))
    calls = [asked(line) for line in lines(case, "calls.jsonl")]
    expected = [json.loads(line) for line in lines(case, "expected.jsonl")]
    answers = [record(decider.decide(one.call, one.subject, one.now)) for one in calls]
    for call, answer, wanted in zip(calls, answers, expected, strict=True):
        assert answer == wanted, call


@pytest.mark.parametrize("case", DIAGNOSTICS)
def test_a_policy_shows_all_its_diagnostics_at_once(case: str) -> None:
    parsed = parse(bytes_of(case))
    warnings = check(parsed.policy) if parsed.policy else ()
    drawn = render((*parsed.diagnostics, *warnings), parsed.text, "policy.json")
    assert drawn == (CASES / case / "expected.txt").read_text(encoding="utf-8")


def test_the_corpus_has_decisions_and_diagnostics() -> None:
    assert len(DECISIONS) > 20
    assert len(DIAGNOSTICS) > 20
