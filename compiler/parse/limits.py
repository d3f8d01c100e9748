"""Limits, and `rate_limit`, which is one.

Must not know tallies, nor the limits of other entries: `agreement` compares them.
"""

from dataclasses import replace

from compiler.diagnostics import quote
from compiler.names import RuleList, amount_text
from compiler.parse.conditions import path_of
from compiler.parse.fields import Reading
from compiler.parse.shapes import Shape, did_you_mean
from compiler.policy import Limit
from compiler.source import Node, Scalar
from compiler.values import micro_units
from compiler.verdict import Scope, Window
from compiler.windows import LONGEST_WINDOW, NAMED, seconds_window, window_meant

LIMIT = Shape(
    "a limit",
    (
        "counter", "window", "max", "scope", "increment_from", "per", "shared", "shards",
        "on_limit",
    ),
    needed=("counter", "window", "max"),
    form='{"counter": "calls", "window": "day", "max": 100}',
)  # fmt: skip
RATE = Shape(
    "`rate_limit`",
    ("max", "window", "scope"),
    needed=("max", "window"),
    form='{"max": 10, "window": "minute"}',
    remarks={
        key: "write it as one of `limits`"
        for key in ("counter", "increment_from", "per", "shared", "shards", "on_limit")
    },
)
MOST_SHARDS = 32
TOGETHER = (Scope.SERVER, Scope.ALL)
"""The scopes whose tallies many grants share."""


def limits(reading: Reading, node: Node | None) -> tuple[Limit, ...]:
    """A list of limits as written; errors are reported, and what is no limit is left out."""
    read = [_limit(reading, item) for item in reading.objects(node, f"`{RuleList.LIMITS}`")]
    return tuple(one for one in read if one is not None)


def _limit(reading: Reading, node: Node) -> Limit | None:
    failures = reading.failures
    fields = reading.object(node, LIMIT)
    counter = reading.string(fields.get("counter"), "`counter`")
    if counter == "":
        reading.fail("E017", fields["counter"], "a counter needs a name")
    increment = fields.get("increment_from")
    per = reading.strings(fields.get("per"), "`per`")
    paths = [path_of(reading, item, "`per`") for item in per]
    maximum = _maximum(reading, fields.get("max"))
    limit = Limit(
        counter=counter or "",
        window=_window(reading, fields.get("window")),
        maximum=maximum or 0,
        scope=_scope(reading, fields.get("scope")),
        increment_from=path_of(reading, increment, "`increment_from`") if increment else None,
        per=tuple(path for path in paths if path is not None),
        shared=reading.boolean(fields.get("shared"), "`shared`", False),
        shards=_shards(reading, fields.get("shards")),
        message=reading.string(fields.get("on_limit"), "`on_limit`") or "",
        span=reading.span(node),
    )
    if limit.scope is Scope.ALL and not limit.shared:
        advice = 'add "shared": true, and let every tool that counts on it name the counter'
        reading.fail("E032", node, "a limit of scope `all` must be shared", advice)
    if "shards" in fields:
        _check_shards(reading, fields["shards"], limit, maximum)
    if not LIMIT.is_whole(fields):
        return None
    # The terms of one with errors are a guess: nothing is said of how they agree with others.
    return limit if failures == reading.failures else replace(limit, shared=False)


def rate_limit(reading: Reading, tool: str, node: Node) -> tuple[Limit, ...]:
    """`{"max": 10, "window": 60}`: a limit on the calls of one tool, per grant unless it says."""
    fields = reading.object(node, RATE)
    if not RATE.is_whole(fields):
        return ()
    scope = _scope(reading, fields.get("scope"))
    if scope is Scope.ALL:
        advice = "write it as a limit, with a counter that other tools may name"
        reading.fail("E032", fields["scope"], "a limit of scope `all` must be shared", advice)
    return (
        Limit(
            counter=f"{tool}_rate",
            window=_window(reading, fields["window"]),
            maximum=_maximum(reading, fields["max"]) or 0,
            scope=scope,
            increment_from=None,
            per=(),
            shared=False,
            shards=1,
            message="",
            span=reading.span(node),
        ),
    )


def _window(reading: Reading, node: Node | None) -> Window:
    """The window; any one where it is missing or does not parse, which is reported."""
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, str) and value in NAMED:
        return NAMED[value]
    if isinstance(value, int) and not isinstance(value, bool):
        window = seconds_window(value)
        if window is not None:
            return window
    if node is not None:
        names = ", ".join(f"`{name}`" for name in NAMED)
        message = f"a window is {names}, or a whole number of seconds from 1 to {LONGEST_WINDOW}"
        reading.fail("E034", node, message, _window_advice(value))
    return NAMED["second"]


def _window_advice(value: object) -> str:
    if not isinstance(value, str):
        return ""
    written = window_meant(value)
    return f"write {written}" if written else did_you_mean(value, NAMED)


def _maximum(reading: Reading, node: Node | None) -> int | None:
    """Micro-units; None where it is missing or does not parse, which is reported."""
    number = reading.number(node, "`max`") if node is not None else None
    if node is None or number is None:
        return None
    amount = micro_units(number)
    if amount is None:
        message = "`max` is at least 0, with at most 12 digits before and 6 after the point"
        reading.fail("E015", node, f"{message}, not {quote(reading.written(node))}")
    return amount


def _shards(reading: Reading, node: Node | None) -> int:
    if node is None:
        return 1
    number = reading.number(node, "`shards`")
    if number is None or (isinstance(number, int) and 2 <= number <= MOST_SHARDS):
        return int(number or 1)
    message = f"`shards` is a whole number from 2 to {MOST_SHARDS}"
    reading.fail("E015", node, message, "leave it out where one tally is enough")
    return 1


def _check_shards(reading: Reading, node: Node, limit: Limit, maximum: int | None) -> None:
    """A shard is a counter of calls that many grants take from, and owns at least one."""
    whole = {
        "each grant or session counts on its own": limit.scope not in TOGETHER,
        "one call may cost more than a shard has": limit.increment_from is not None,
        "each value has a tally of its own": bool(limit.per),
    }
    why = next((why for why, found in whole.items() if found), "")
    least = micro_units(limit.shards) or 0
    if why:
        advice = "leave `shards` out; it is for limits that count the calls of many grants"
        reading.fail("E035", node, f"this limit cannot be split: {why}", advice)
    elif maximum is not None and limit.shards > 1 and least > maximum:
        message = f"a `max` of {amount_text(maximum)} is less than a call for each shard"
        reading.fail("E015", node, message, "write fewer `shards`, or a larger `max`")


def _scope(reading: Reading, node: Node | None) -> Scope:
    read = reading.word(node, "`scope`", Scope) if node is not None else None
    return read or Scope.GRANT
