"""The same module in every JavaScript host, through the host library: the corpus, texts as sent."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from compiler import wasm
from compiler.lower import lower
from compiler.parse import parse
from compiler.wasm.emit import emit
from tests.clients import tools
from tests.corpus import DECISIONS, asked, lines, policy_of
from tests.hosts.hosts import HOSTS

HERE = Path(__file__).parent
FILES = (
    Path(wasm.__file__).parent / "host.js",
    *(HERE / name for name in ("verdicts.mjs", "node.mjs", "page.html", "worker.mjs")),
)

Answers = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
"""What one host answers; each request is a module's bytes and its calls."""


@pytest.fixture(scope="module", params=HOSTS)
def answers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Answers]:
    with HOSTS[request.param]() as host:

        def ask(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
            folder = tmp_path_factory.mktemp(request.param)
            for file in FILES:
                shutil.copy(file, folder)
            for number, one in enumerate(requests):
                (folder / f"{number}.wasm").write_bytes(one["module"])
                one["module"] = f"{number}.wasm"
            (folder / "requests.json").write_text(json.dumps(requests))
            found: list[dict[str, Any]] = json.loads(host(folder))
            for answer in found:
                for charge in answer["charges"]:
                    charge.update(max=int(charge["max"]), cost=int(charge["cost"]))
            return found

        yield ask


def request(policy: dict[str, Any], calls: list[Any]) -> dict[str, Any]:
    parsed = parse(json.dumps(policy))
    assert parsed.policy is not None, parsed.diagnostics
    return {"module": emit(lower(parsed.policy)), "calls": calls}


def test_every_case_of_the_corpus_is_answered_as_everywhere(answers: Answers) -> None:
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
    found = answers(requests)
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


def test_text_is_judged_as_it_was_sent_and_unreadable_text_is_denied(answers: Answers) -> None:
    calls = [
        {"tool": "pay", "args": text, "grant": {"label": "é"}, "time": 0}
        for text in ('{"amount":999999999999.999999,"to":"a\\u00e9"}', '{"amount":1,"amount":2}',
                     '{"amount":0.1234567}', '{"to":"\\ud800"}', '"\ud800"', "{", "[]", "1")
    ]  # fmt: skip
    found = answers([request(SPEND, calls)])
    # The first amount has more digits than a double keeps: refused, as everywhere.
    assert [answer["rule"] for answer in found] == [
        "(unreadable)", "(unreadable)", "/tools/pay/limits/c", *["(unreadable)"] * 5,
    ]  # fmt: skip


def test_a_tool_is_served_by_its_whole_name(answers: Answers) -> None:
    long = "pay" + "x" * 97
    policy = {"version": "1", "default": "deny", "tools": {"payé": {}, long: {}, "é" + long: {}}}
    names = ["payé", long, "é" + long, "pay", "payé\ud800", "pay\0", long[1:], long + "x"]
    found = answers(
        [request(policy, [{"tool": name, "args": "{}", "grant": {}, "time": 0} for name in names])]
    )
    refused = ["(default deny)", "(unreadable)", *["(default deny)"] * 3]
    assert [answer["rule"] for answer in found] == [None] * 3 + refused


def test_costs_past_javascript_numbers_and_per_values_come_out_exactly(answers: Answers) -> None:
    call = {"tool": "pay", "args": '{"amount":99999999999.5,"to":{"x":[1, "é"]}}',
            "grant": {"label": "bot"}, "time": 0}  # fmt: skip
    (answer,) = answers([request(SPEND, [call])])
    assert answer["effect"] == "allow"
    first, second = answer["charges"]
    assert first["cost"] == 99_999_999_999_500_000
    assert second["per"] == [{"x": [1, "é"]}, "bot"]


def test_a_call_larger_than_the_memory_makes_the_host_grow_it(answers: Answers) -> None:
    rule = {"conditions": [{"path": "args.x", "op": "length_lte", "value": 300_000}]}
    policy = {"version": "1", "default": "deny", "tools": {"t": {"require": [rule]}}}
    calls = [
        {"tool": "t", "args": json.dumps({"x": [0] * count}), "grant": {}, "time": 0}
        for count in (1, 300_000, 300_001)
    ]
    effects = [answer["effect"] for answer in answers([request(policy, calls)])]
    assert effects == ["allow", "allow", "deny"]


def test_a_host_that_is_too_old_is_told_so(tmp_path: Path) -> None:
    """Without `isWellFormed` half a character would be judged as another text."""
    shutil.copy(FILES[0], tmp_path)
    (tmp_path / "policy.wasm").write_bytes(request(SPEND, [])["module"])
    script = """
        import { readFileSync } from "node:fs";
        import { ModuleError, Policy } from "./host.js";
        delete String.prototype.isWellFormed;
        try { await Policy.load(readFileSync("policy.wasm")); }
        catch (error) { console.log(error instanceof ModuleError, error.message); }
    """
    (tmp_path / "old.mjs").write_text(script)
    ran = subprocess.run(
        [tools.node(), "old.mjs"], cwd=tmp_path, stdout=subprocess.PIPE, text=True, check=True
    )
    assert ran.stdout.startswith("true this host is too old")


def in_node(folder: Path, module: bytes, script: str) -> str:
    """What a script prints that has a `policy`."""
    shutil.copy(FILES[0], folder)
    (folder / "policy.wasm").write_bytes(module)
    start = """
        import { readFileSync } from "node:fs";
        import { Policy } from "./host.js";
        const policy = await Policy.load(readFileSync("policy.wasm"));
    """
    (folder / "script.mjs").write_text(start + script)
    command = [tools.node(), "script.mjs"]
    return subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True
    ).stdout.rstrip()


def test_a_per_value_has_one_text_however_it_is_spelled(tmp_path: Path) -> None:
    """Or an agent could spell its way past the limit of one recipient."""
    spelled = [
        ["1", "1.0", "10e-1"], ["0", "-0", "-0.0"], ['"a"', '"\\u0061"'],
        ['{"b":[1.0],"a":{"d":1,"c":2}}', '{ "a": {"c": 2, "d": 1}, "b": [1] }'], ["null", None],
    ]  # fmt: skip
    ask = """
        const per = (text) => {
          const args = text === null ? '{"amount": 0}' : `{"amount": 0, "to": ${text}}`;
          return policy.decide("pay", args).charges[1].per[0];
        };
        console.log(JSON.stringify(SPELLED.map((texts) => texts.map(per))));
    """
    script = ask.replace("SPELLED", json.dumps(spelled))
    texts = json.loads(in_node(tmp_path, request(SPEND, [])["module"], script))
    assert [set(one) for one in texts] == [
        {"1"}, {"0"}, {'"a"'}, {'{"a":{"c":2,"d":1},"b":[1]}'}, {"null"},
    ]  # fmt: skip


def test_a_host_that_knows_no_grant_may_say_so(tmp_path: Path) -> None:
    script = """console.log(policy.decide("pay", '{"amount": 0}', null).charges[1].per[1]);"""
    assert in_node(tmp_path, request(SPEND, [])["module"], script) == '""'
