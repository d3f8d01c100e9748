"""The corpus under tests/cases: folders of a policy, calls and what every engine answers.

A folder with calls.jsonl holds decisions: each line of expected.jsonl is the record of the verdict
on the same line of calls.jsonl. A folder with expected.txt holds a policy's diagnostics.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compiler.parse import parse
from compiler.policy import Policy
from compiler.values import read_number
from compiler.verdict import Call, Charge, Subject, Verdict

CASES = Path(__file__).parent / "cases"

DECISIONS = sorted(path.parent.name for path in CASES.glob("*/calls.jsonl"))
DIAGNOSTICS = sorted(path.parent.name for path in CASES.glob("*/expected.txt"))


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of calls.jsonl."""

    call: Call
    subject: Subject
    now: float


def asked(line: str) -> Asked:
    """`{"tool", "args", "grant": {"label", "tags"}, "session", "time"}`, all but tool optional."""
    found = json.loads(line, parse_int=number, parse_float=number)
    grant = found.get("grant", {})
    subject = Subject(grant.get("label", ""), tuple(grant.get("tags", ())))
    return Asked(Call(found["tool"], found.get("args", {})), subject, found.get("time", 0))


def number(text: str) -> int | float:
    read = read_number(text)
    assert read is not None, f"{text} never reaches an engine"
    return read


def record(verdict: Verdict) -> dict[str, Any]:
    """A verdict as a line of expected.jsonl says it; amounts are micro-units."""
    return {
        "effect": verdict.effect.value,
        "rule": verdict.place.rule if verdict.place else None,
        "index": verdict.place.index if verdict.place else None,
        "message": verdict.message,
        "charges": [_charge(one) for one in verdict.charges],
    }


def _charge(charge: Charge) -> dict[str, Any]:
    return {
        "rule": charge.place.rule,
        "owner": charge.owner,
        "window": charge.window.name,
        "scope": charge.scope.value,
        "max": charge.maximum,
        "cost": charge.cost,
        **({} if charge.per is None else {"per": list(charge.per)}),
        **({} if charge.shards == 1 else {"shards": charge.shards}),
    }


def lines(case: str, name: str) -> Iterator[str]:
    """The lines of a case's file that are not empty."""
    text = (CASES / case / name).read_text(encoding="utf-8")
    return (line for line in text.split("\n") if line)


def bytes_of(case: str) -> bytes:
    return (CASES / case / "policy.json").read_bytes()


def policy_of(case: str) -> Policy:
    parsed = parse(bytes_of(case))
    assert parsed.policy is not None, parsed.diagnostics
    return parsed.policy
