"""What a decision costs: `python -m tests.bench.decision` prints the tables of docs/performance.

A command, not a test. Ratios carry over to other machines; times do not.
"""

import json
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import orjson

from compiler.lower import lower
from compiler.meaning import Meaning
from compiler.parse import parse
from compiler.policy import Policy
from compiler.table.write import encode
from compiler.values import Value
from compiler.verdict import Call, Effect, Subject
from handler.decision import arguments
from handler.decision.table import TableEngine

SUBJECT = Subject("bench")
NOW = 1_800_000_000.0

CONDITIONS = (
    ("require", "args.amount", "lte", 10000),
    ("require", "args.currency", "in", ["usd", "eur", "gbp"]),
    ("deny_if", "args.body", "contains", "http://"),
    ("require", "args.metadata.env", "eq", "prod"),
    ("require", "args.reason", "exists", True),
    ("deny_if", "args.from", "in", ["+15005550001", "+15005550009"]),
    ("deny_if", "args.amount", "lt", 0.01),
    ("require", "args.metadata.customer.tier", "not_in", ["banned", "frozen"]),
    ("require", "args.count", "gte", 1),
    ("deny_if", "args.metadata.env", "neq", "prod"),
)
ARGUMENTS: dict[str, Value] = {
    "to": "+14155550100",
    "from": "+14155550199",
    "body": "Your order #1234 has shipped and will arrive on Tuesday.",
    "amount": 42.5,
    "currency": "usd",
    "reason": "order update",
    "metadata": {"env": "prod", "customer": {"tier": "gold", "id": 123456}},
    "tags": ["a", "b"],
    "count": 3,
    "note": "left at the door of the neighbour; the bell does not work, please knock, twice",
}
COMPACT = orjson.dumps(ARGUMENTS)
SPACED = json.dumps(ARGUMENTS).encode()


def main() -> None:
    print(f"Python {platform.python_version()}, {platform.machine()}, CPU, median of 7 runs\n")
    conditions()
    print()
    sizes()
    print()
    whole()


def conditions() -> None:
    """By number of conditions, 36 tools."""
    print(f"{'conditions':>12} {'table ns':>10} {'a condition':>12} {'meaning/table':>14}")
    base = 0.0
    for count in (0, 1, 6, 20):
        policy = policy_of(36, count)
        table = each(engine_call(TableEngine(encode(lower(policy))), 36))
        meaning = each(engine_call(Meaning(policy), 36), 300)
        base = base or table
        each_one = f"{(table - base) / count:.0f}" if count else ""
        print(f"{count:>12} {table:>10.0f} {each_one:>12} {meaning / table:>14.1f}")


def sizes() -> None:
    """By number of tools, 6 conditions each."""
    print(
        f"{'tools':>12} {'table bytes':>12} {'open us':>9} {'first call us':>14} "
        f"{'next ns':>9} {'to 1 tool':>10} {'unlisted us':>12}"
    )
    one = 0.0
    for tools in (1, 36, 31_000):
        table = encode(lower(policy_of(tools, 6)))
        opened = each(lambda table=table: TableEngine(table), 20)  # type: ignore[misc]
        engine = TableEngine(table)
        names = iter([f"tool_{index:05d}" for index in range(0, tools, max(1, tools // 100))])
        firsts = []
        for name in names:
            start = time.perf_counter_ns()
            engine.decide(Call(name, ARGUMENTS), SUBJECT, NOW)
            firsts.append(time.perf_counter_ns() - start)
        warm = each(engine_call(engine, tools))
        one = one or warm
        strange = [Call(f"strange_{index}") for index in range(2_000)]
        start = time.perf_counter_ns()
        for call in strange:
            engine.decide(call, SUBJECT, NOW)
        unlisted = (time.perf_counter_ns() - start) / len(strange)
        print(
            f"{tools:>12} {len(table):>12} {opened / 1e3:>9.1f} "
            f"{statistics.median(firsts) / 1e3:>14.1f} {warm:>9.0f} {warm / one:>10.2f} "
            f"{unlisted / 1e3:>12.1f}"
        )


def whole() -> None:
    """From the bytes of the arguments to the decision, 36 tools, 6 conditions."""
    engine = TableEngine(encode(lower(policy_of(36, 6))))
    print(f"{'arguments':>24} {'bytes':>6} {'ns':>7} {'to orjson.loads':>16} {'to json.loads':>14}")
    for title, body in (("compact", COMPACT), ("with spaces", SPACED)):
        fast, plain = each(lambda b=body: orjson.loads(b)), each(lambda b=body: json.loads(b))  # type: ignore[misc]
        read = each(lambda b=body: arguments.read(b))  # type: ignore[misc]
        both = each(lambda b=body: decide_bytes(engine, b))  # type: ignore[misc]
        for what, taken in ((f"read {title}", read), (f"decide {title}", both)):
            ratios = f"{taken / fast:>16.1f} {taken / plain:>14.1f}"
            print(f"{what:>24} {len(body):>6} {taken:>7.0f} {ratios}")


def decide_bytes(engine: TableEngine, body: bytes) -> None:
    read = arguments.read(body)
    assert isinstance(read, dict)
    engine.decide(Call("tool_00018", read), SUBJECT, NOW)


def engine_call(engine: TableEngine | Meaning, tools: int) -> Callable[[], object]:
    """One allowed call of the tool in the middle."""
    call = Call(f"tool_{tools // 2:05d}", ARGUMENTS)
    assert engine.decide(call, SUBJECT, NOW).effect is Effect.ALLOW
    return lambda: engine.decide(call, SUBJECT, NOW)


def policy_of(tools: int, conditions: int) -> Policy:
    """So many tools with so many conditions and one limit each; a policy.json may hold fewer."""
    document = {"version": "1", "default": "deny", "tools": {"tool": entry_of(conditions)}}
    policy = parse(orjson.dumps(document)).policy
    assert policy is not None
    entry = policy.tools[0]
    return replace(
        policy, tools=tuple(replace(entry, name=f"tool_{index:05d}") for index in range(tools))
    )


def entry_of(conditions: int) -> dict[str, object]:
    rules: dict[str, list[object]] = {"require": [], "deny_if": []}
    for index in range(conditions):
        kind, path, operator, value = CONDITIONS[index % len(CONDITIONS)]
        condition = {"path": path, "op": operator, "value": value}
        rules[kind].append({"conditions": [condition], "on_deny": f"Rule {index} failed."})
    limit = {"counter": "rate", "window": "minute", "max": 30, "scope": "grant"}
    return {**rules, "limits": [limit]}


def each(run: Callable[[], object], times: int = 20_000) -> float:
    """Nanoseconds of CPU a run, the median of seven rounds."""
    rounds = []
    for _ in range(7):
        start = time.process_time_ns()
        for _ in range(times):
            run()
        rounds.append((time.process_time_ns() - start) / times)
    return statistics.median(rounds)


if __name__ == "__main__":
    main()
