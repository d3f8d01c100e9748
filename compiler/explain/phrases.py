"""Conditions, limits and approvals in words, for readers who know no JSON.

Must not know calls or decisions. Nothing a terminal would obey is left in a phrase.
"""

import json
from collections.abc import Callable, Iterable, Sequence

from compiler.diagnostics import visible
from compiler.names import amount_text
from compiler.policy import ApprovalRule, Condition, Every, Limit, Operator, Path, Root, Step
from compiler.values import Value
from compiler.verdict import Hold, Scope, Window

LONGEST_VALUE = 200
"""Code points of a value that are shown."""


def value_words(value: Value) -> str:
    """A value as JSON writes it, on one line, cut where it is long."""
    text = visible(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


TAGS = "the grant's tags"
FILLED_IN = {
    (Root.GRANT, "label"): "the grant's label",
    (Root.GRANT, "tags"): TAGS,
    (Root.TIME, "hour"): "the hour (UTC)",
    (Root.TIME, "weekday"): "the day of the week (UTC, Monday is 1, Sunday 7)",
}


EVERY, ANY = "every element", "any element"
"""What `[*]` means: `require` asks it of every element, the other lists fire on any."""


def path_words(path: Path, element: str = EVERY) -> str:
    """`amount`, `id` of `customer`, `price` of every element of `items`."""
    steps: Sequence[Step] = path.steps
    words = ""
    if path.root is not Root.ARGS:
        words, steps = FILLED_IN[path.root, str(steps[0])], steps[1:]
        if words == TAGS and not steps:
            return f"the list of {TAGS}"
    for step in steps:
        words = f"{_step(step, element)} of {words}" if words else _step(step, element)
    return words


def _step(step: Step, element: str) -> str:
    if isinstance(step, Every):
        return element
    return f"`{visible(step)}`" if isinstance(step, str) else f"element {step + 1}"


def _listed(value: Value) -> str:
    assert isinstance(value, list)
    return ", ".join(map(value_words, value)) or "an empty list"


def _order(number: str, text: str) -> Callable[[Value], str]:
    return lambda value: f"{text if isinstance(value, str) else number} {value_words(value)}"


PREDICATES: dict[Operator, Callable[[Value], str]] = {
    Operator.EQ: lambda value: f"is {value_words(value)}",
    Operator.NEQ: lambda value: f"is other than {value_words(value)}",
    Operator.LT: _order("is below", "comes before"),
    Operator.LTE: _order("is at most", "is or comes before"),
    Operator.GT: _order("is above", "comes after"),
    Operator.GTE: _order("is at least", "is or comes after"),
    Operator.IN: lambda value: f"is one of {_listed(value)}",
    Operator.NOT_IN: lambda value: f"is none of {_listed(value)}",
    Operator.EXISTS: lambda value: "is given" if value else "is left out",
    Operator.REGEX: lambda value: f"matches the pattern {value_words(value)}",
    Operator.NOT_REGEX: lambda value: f"does not match the pattern {value_words(value)}",
    Operator.CONTAINS: lambda value: f"contains {value_words(value)}",
    Operator.NOT_CONTAINS: lambda value: f"does not contain {value_words(value)}",
    Operator.STARTS_WITH: lambda value: f"begins with {value_words(value)}",
    Operator.ENDS_WITH: lambda value: f"ends with {value_words(value)}",
    Operator.LENGTH_LTE: lambda value: f"has a length of at most {value_words(value)}",
    Operator.LENGTH_GTE: lambda value: f"has a length of at least {value_words(value)}",
}


def condition_words(condition: Condition, element: str = EVERY) -> str:
    """`amount` is above 500."""
    predicate = PREDICATES[condition.operator](condition.value)
    return f"{path_words(condition.path, element)} {predicate}"


def conditions_words(conditions: Iterable[Condition], element: str = EVERY) -> str:
    """All of them, joined by `and`; empty where there are none."""
    return " and ".join(condition_words(one, element) for one in conditions)


WINDOWS = {
    "1": "a second",
    "60": "a minute",
    "3600": "an hour",
    "86400": "a day",
    "week": "a week (from Monday, UTC)",
    "month": "a calendar month (UTC)",
}


def window_words(window: Window) -> str:
    return WINDOWS.get(window.name, f"every {window.name} seconds")


SCOPES = {
    Scope.GRANT: "for each grant",
    Scope.SESSION: "for each session",
    Scope.SERVER: "for all grants of the server together",
    Scope.ALL: "for the whole deployment together",
}


def limit_words(limit: Limit, owner: str = "") -> str:
    """At most 30 calls a minute for each grant. `owner` says which tools count together."""
    amount = amount_text(limit.maximum)
    if limit.increment_from is None:
        what = f"{amount} call{'' if amount == '1' else 's'}"
    else:
        what = f"{amount} of {path_words(limit.increment_from)}"
    words = [f"at most {what} {window_words(limit.window)} {SCOPES[limit.scope]}"]
    if limit.per:
        words.append(f"counted apart for each value of {' and '.join(map(path_words, limit.per))}")
    if limit.shards > 1:
        words.append(shards_words(limit.shards))
    if limit.shared:
        words.append(f"together with every tool that names the tally `{visible(limit.counter)}`")
    elif owner:
        words.append(owner)
    return ", ".join(words)


def shards_words(shards: int) -> str:
    return f"split into {shards} shards that each admit their part, so that it may refuse early"


UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def duration_words(seconds: int) -> str:
    """90 minutes rather than 5400 seconds: the largest unit that divides."""
    size, unit = next(one for one in UNITS if seconds % one[0] == 0)
    count = seconds // size
    return f"{count} {unit}{'' if count == 1 else 's'}"


def approval_words(asked: ApprovalRule | Hold) -> str:
    """Who must say yes, and how fast."""
    people = ", ".join(map(visible, asked.approvers))
    who = people if len(asked.approvers) == 1 else f"{asked.quorum} of {people}"
    return f"{who} must say yes within {duration_words(asked.expires_in)}"
