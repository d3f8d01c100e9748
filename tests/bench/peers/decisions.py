"""Times decisions of the table and of other engines, turn by turn, in one process.

    decisions.py TABLE CALLS     in the peers' environment, this repository on its path

CALLS is a JSON file of arguments' texts: the first call is allowed and timed, the others break one
condition each. Prints the nanoseconds of each engine as JSON: of CPU, since on a busy machine a
clock counts the work of others. Every engine holds the same six conditions for each of 36 tools,
and starts from the arguments' bytes; peers read them with orjson, the fastest way there is. What
can be prepared is prepared. An engine that answers a call otherwise than the table is not timed.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cedarpy
import cel as common_expression_language
import orjson
import regopy
from cel_expr_python import cel

from compiler.verdict import Call, Effect, Subject
from handler.decision import arguments
from handler.decision.table import TableEngine

Decide = Callable[[bytes], bool]
"""From a call's arguments to whether it is allowed."""

TOOLS = [f"tool_{index:05d}" for index in range(36)]
TOOL = TOOLS[18]
ROUNDS = 7
ROUND_NS = 40_000_000
BATCH = 100
"""Decisions between two looks at the clock of CPU time: a look costs half as much as a decision."""

CEL = """
has(args.amount) && args.amount <= 10000
&& has(args.currency) && args.currency in ["usd", "eur", "gbp"]
&& !(has(args.body) && args.body.contains("http://"))
&& has(args.metadata) && has(args.metadata.env) && args.metadata.env == "prod"
&& has(args.reason) && args.reason != null
&& !(has(args.from) && args.from in ["+15005550001", "+15005550009"])
"""

CEDAR = (Path(__file__).parent / "tool.cedar").read_text()

REGO = """package {tool}
allow if {{
  input.amount <= 10000
  input.currency in {{"usd", "eur", "gbp"}}
  input.metadata.env == "prod"
  input.reason != null
  not denied
}}
denied if contains(input.body, "http://")
denied if input.from in {{"+15005550001", "+15005550009"}}
"""


def table(file: Path) -> Decide:
    engine, subject, allow = TableEngine(file.read_bytes()), Subject("bench"), Effect.ALLOW

    def decide(body: bytes) -> bool:
        call = Call(TOOL, arguments.read(body))
        return engine.decide(call, subject, 1_800_000_000.0).effect is allow

    return decide


def cel_cpp() -> Decide:
    environment = cel.NewEnv(variables={"args": cel.Type.DYN})
    programs = {tool: environment.compile(CEL) for tool in TOOLS}

    def decide(body: bytes) -> bool:
        return programs[TOOL].eval(data={"args": orjson.loads(body)}).value() is True

    return decide


def common_cel() -> Decide:
    programs = {tool: common_expression_language.compile(CEL) for tool in TOOLS}

    def decide(body: bytes) -> bool:
        return programs[TOOL].execute({"args": orjson.loads(body)}) is True

    return decide


REQUEST = {"principal": 'Agent::"bench"', "action": f'Action::"{TOOL}"', "resource": 'Server::"s"'}


def cedar(tools: list[str], *, parsed: bool) -> Decide:
    text = "".join(CEDAR.replace("TOOL", tool) for tool in tools)
    policies = cedarpy.PolicySet.from_str(text) if parsed else text
    entities = cedarpy.Entities.from_json_str("[]")

    def decide(body: bytes) -> bool:
        request = {**REQUEST, "context": body.decode()}
        return cedarpy.is_authorized(request, policies, entities).allowed

    return decide


def rego() -> Decide:
    engine = regopy.Interpreter()
    for tool in TOOLS:
        engine.add_module(tool, REGO.format(tool=tool))
    bundle = engine.build(f"data.{TOOL}.allow")

    def decide(body: bytes) -> bool:
        engine.set_input_term(body.decode())
        (result,) = engine.query_bundle(bundle).results
        return list(result.expressions) == [True]  # empty where `allow` is undefined

    return decide


def engines(file: Path) -> dict[str, Decide]:
    return {
        "table": table(file),
        "cel-expr-python": cel_cpp(),
        "common-expression-language": common_cel(),
        "cedarpy, 3 policies": cedar([TOOL], parsed=False),
        "cedarpy, 3 policies, parsed before": cedar([TOOL], parsed=True),
        "cedarpy, 108 policies": cedar(TOOLS, parsed=False),
        "cedarpy, 108 policies, parsed before": cedar(TOOLS, parsed=True),
        "regopy": rego(),
    }


def nanoseconds(decide: Decide, body: bytes) -> float:
    """Of one decision, in one round of about 40 ms."""
    begun = time.process_time_ns()
    count = 0
    while (taken := time.process_time_ns() - begun) < ROUND_NS:
        for _ in range(BATCH):
            decide(body)
        count += BATCH
    return taken / count


def main() -> None:
    calls = [text.encode() for text in json.loads(Path(sys.argv[2]).read_text())]
    wanted = [True] + [False] * (len(calls) - 1)
    rounds: dict[str, list[float]] = {}
    deciders = engines(Path(sys.argv[1]))
    for name, decide in deciders.items():
        answers = [decide(call) for call in calls]
        assert answers == wanted, (name, answers)
        rounds[name] = []
    for _ in range(ROUNDS):
        for name, decide in deciders.items():
            rounds[name].append(nanoseconds(decide, calls[0]))
    print(json.dumps({name: statistics.median(taken) for name, taken in rounds.items()}))


if __name__ == "__main__":
    main()
