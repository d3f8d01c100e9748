"""Documents near to policies: one that compiles, with some of its parts exchanged or removed."""

import json
from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from compiler.policy import Operator
from tests.corpus import CASES

KEYS = (
    "version", "default", "hide", "approvals", "all_tools", "tools", "require", "deny_if",
    "approve_if", "limits", "rate_limit", "action", "reason", "conditions", "on_deny", "path", "op",
    "value", "counter", "window", "max", "scope", "increment_from", "per", "shared", "shards",
    "on_limit", "approvers", "quorum", "expires_in", "mail_arguments", "t", "t*", "odd", "",
)  # fmt: skip

VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2.5, 60, 10**12, 1e300, "", "1", "*", "allow", "deny", "all",
    "session", "minute", "30m", "8d", "args.a", "args.a[*]", "grant.label", "time.hour", "args",
    'args["[*]"]', "a@b", "a@b@c", "(", "require_approval", [], {}, ["*"], ["a@b"], ["args.a"],
    {"max": 1, "window": 60}, {"conditions": []}, [{"conditions": []}],
    {"path": "args.a", "op": "eq", "value": 1},
    {"counter": "c", "window": "day", "max": 1}, {"max": 1, "window": "day", "scope": "all"},
    [{"counter": "c", "window": "day", "max": 1, "scope": "all", "shared": True}],
    {"counter": "c", "window": "day", "max": 9, "scope": "server", "shards": 2},
    *(operator.value for operator in Operator),
)  # fmt: skip


def _document(path: Any) -> Any:
    try:
        return json.loads(path.read_bytes())
    except ValueError:
        return None


CORPUS = [
    found for found in map(_document, sorted(CASES.glob("*/policy.json"))) if found is not None
]
"""Every policy of the corpus that is JSON, the bad ones too."""


def _places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every part of a document, itself first."""
    keys: Iterable[Any] = ()
    if isinstance(value, dict | list):
        keys = value if isinstance(value, dict) else range(len(value))
    return [way, *(place for key in keys for place in _places(value[key], (*way, key)))]


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A document of the corpus after one to three changes."""
    document = json.loads(json.dumps(draw(st.sampled_from(CORPUS))))
    for _ in range(draw(st.integers(1, 3))):
        document = _changed(draw, document)
    return document


def _changed(draw: st.DrawFn, document: Any) -> Any:
    way = draw(st.sampled_from(_places(document)))
    change = draw(st.sampled_from(("put", "add", "remove")))
    value = json.loads(json.dumps(draw(st.sampled_from(VALUES))))
    if not way:
        if isinstance(document, dict):
            document[draw(st.sampled_from(KEYS))] = value
        return document
    holder = document
    for key in way[:-1]:
        holder = holder[key]
    if change == "remove":
        del holder[way[-1]]
    elif change == "add" and isinstance(holder[way[-1]], dict):
        holder[way[-1]][draw(st.sampled_from(KEYS))] = value
    elif change == "add" and isinstance(holder[way[-1]], list):
        holder[way[-1]].append(value)
    else:
        holder[way[-1]] = value
    return document
