"""The same module in Node, through the JavaScript host library: the corpus, and texts as sent."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest

from compiler import wasm
from compiler.lower import lower
from compiler.parse import parse
from compiler.wasm.emit import emit
from tests.corpus import DECISIONS, asked, lines, policy_of

NODE = shutil.which("node")
HOST = Path(wasm.__file__).parent / "host.js"
DRIVER = Path(__file__).parent / "corpus.mjs"

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")


def answers(requests: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """What the host library answers; each request is a module's bytes and its calls."""
    for number, request in enumerate(requests):
        file = folder / f"{number}.wasm"
        file.write_bytes(request["module"])
        request["module"] = str(file)
    asking = folder / "requests.json"
    asking.write_text(json.dumps(requests))
    assert NODE is not None
    ran = subprocess.run(
        [NODE, str(DRIVER), str(HOST), str(asking)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    for answer in found:
        for charge in answer["charges"]:
            charge.update(max=int(charge["max"]), cost=int(charge["cost"]))
    return found


def one(policy: dict[str, Any], calls: list[Any], folder: Path) -> list[dict[str, Any]]:
    parsed = parse(json.dumps(policy))
    assert parsed.policy is not None, parsed.diagnostics
    requests = [{"module": emit(lower(parsed.policy)), "calls": calls}]
    return answers(requests, folder)


def test_every_case_of_the_corpus_is_answered_in_node_as_everywhere(tmp_path: Path) -> None:
    requests, expected = [], []
    for case in DECISIONS:
        calls = [asked(line) for line in lines(case, "calls.jsonl")]
        requests.append(
            {
                "module": emit(lower(policy_of(case))),
                "calls": [
                    {
                        "tool": call.call.tool,
                        "args": orjson.dumps(call.call.arguments).decode(),
                        "grant": {"label": call.subject.label, "tags": call.subject.tags},
                        "time": call.now,
                    }
                    for call in calls
                ],
            }
        )
        expected += [json.loads(line) for line in lines(case, "expected.jsonl")]
    found = answers(requests, tmp_path)
    assert len(found) == len(expected) > 500
    for answer, wanted in zip(found, expected, strict=True):
        assert answer == wanted


SPEND = {
    "version": "1",
    "default": "deny",
    "tools": {
        "pay": {
            "limits": [
                {"counter": "c", "window": "day", "max": 1, "increment_from": "args.amount"},
                {"counter": "d", "window": "day", "max": 1, "per": ["args.to", "grant.label"]},
            ]
        }
    },
}


def test_text_is_judged_as_it_was_sent_and_unreadable_text_is_denied(tmp_path: Path) -> None:
    calls = [
        {"tool": "pay", "args": text, "grant": {"label": "é"}, "time": 0}
        for text in ('{"amount":999999999999.999999,"to":"a\\u00e9"}', '{"amount":1,"amount":2}',
                     '{"amount":0.1234567}', '{"to":"\\ud800"}', '"\ud800"', "{", "[]", "1")
    ]  # fmt: skip
    found = one(SPEND, calls, tmp_path)
    # The first amount has more digits than a double keeps: refused, as everywhere.
    assert [answer["rule"] for answer in found] == [
        "(unreadable)", "(unreadable)", "/tools/pay/limits/c", *["(unreadable)"] * 5,
    ]  # fmt: skip


def test_costs_past_javascript_numbers_and_per_values_come_out_exactly(tmp_path: Path) -> None:
    call = {"tool": "pay", "args": '{"amount":99999999999.5,"to":{"x":[1, "é"]}}',
            "grant": {"label": "bot"}, "time": 0}  # fmt: skip
    (answer,) = one(SPEND, [call], tmp_path)
    assert answer["effect"] == "allow"
    first, second = answer["charges"]
    assert first["cost"] == 99_999_999_999_500_000
    assert second["per"] == [{"x": [1, "é"]}, "bot"]


def test_a_call_larger_than_the_memory_makes_the_host_grow_it(tmp_path: Path) -> None:
    rule = {"conditions": [{"path": "args.x", "op": "length_lte", "value": 300_000}]}
    policy = {"version": "1", "default": "deny", "tools": {"t": {"require": [rule]}}}
    calls = [
        {"tool": "t", "args": json.dumps({"x": [0] * count}), "grant": {}, "time": 0}
        for count in (1, 300_000, 300_001)
    ]
    effects = [answer["effect"] for answer in one(policy, calls, tmp_path)]
    assert effects == ["allow", "allow", "deny"]
