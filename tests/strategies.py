"""Random policies and calls, for tests that hold of all of them.

Paths, names and literals come from small pools so that calls meet conditions often. `documents`
are what a policy.json holds; `policies` are their texts; all of them parse.
"""

import json
from typing import Any

from hypothesis import strategies as st

from compiler.policy import Operator
from compiler.verdict import Call, Subject

Document = dict[str, Any]

TOOLS = ("send", "send_all", "pay", "pay_now", "list", "a/b~c")
GLOBS = ("send*", "*", "pay_*")
PATHS = (
    "args.a", "args.b", "args.c", "args.a.b", "args.list[0]", "args.list[*]", "args.list[*].b",
    'args["odd.key"]', "grant.label", "grant.tags",
)  # fmt: skip
SINGLE_PATHS = ("args.a", "args.b", "args.a.b", "args.list[0]")

numbers = st.sampled_from(
    [0, 1, -1, 2, 5, 100, 0.1, 0.3, 1.10, 1.0, -0.0, 1e-7, 5e-324, 1e300, 2**53 - 1, 1 - 2**53]
)
unreadable_numbers = st.sampled_from([2**53, -(2**53), 2**64 - 1, 1e17])
texts = st.sampled_from(["", "a", "b", "ab", "é", "e\u0301", "😀", "5", "true", "A"])
scalars = st.one_of(numbers, texts, st.booleans(), st.none())


def _values(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(st.sampled_from(["a", "b", "odd.key"]), inner, max_size=2),
        ),
        max_leaves=5,
    )


literals = _values(scalars)
values = _values(st.one_of(scalars, unreadable_numbers))

PATTERNS = ("a", "^a$", "^(?:a|b)$", "[0-9]+", "é", "^$")


def _literal(operator: Operator, path: str) -> st.SearchStrategy[Any]:
    """A literal that the operator takes, and that the roots we fill in can meet."""
    filled_in = path.startswith("grant.")
    return {
        Operator.LT: texts if filled_in else st.one_of(numbers, texts),
        Operator.LTE: texts if filled_in else st.one_of(numbers, texts),
        Operator.GT: texts if filled_in else st.one_of(numbers, texts),
        Operator.GTE: texts if filled_in else st.one_of(numbers, texts),
        Operator.IN: st.lists(texts if filled_in else literals, min_size=filled_in, max_size=4),
        Operator.NOT_IN: st.lists(texts if filled_in else literals, min_size=filled_in, max_size=4),
        Operator.EXISTS: st.booleans(),
        Operator.REGEX: st.sampled_from(PATTERNS),
        Operator.NOT_REGEX: st.sampled_from(PATTERNS),
        Operator.STARTS_WITH: texts,
        Operator.ENDS_WITH: texts,
        Operator.LENGTH_LTE: st.integers(0, 3),
        Operator.LENGTH_GTE: st.integers(0, 3),
    }.get(operator, texts if filled_in else literals)


LIST_OPERATORS = (
    Operator.CONTAINS, Operator.NOT_CONTAINS, Operator.EXISTS, Operator.LENGTH_LTE,
    Operator.LENGTH_GTE,
)  # fmt: skip


def conditions(
    operators: tuple[Operator, ...] = tuple(Operator),
) -> st.SearchStrategy[Document]:
    """Conditions with the given operators; `grant.tags` only with those that read lists."""

    @st.composite
    def condition(draw: st.DrawFn) -> Document:
        path = draw(st.sampled_from(PATHS))
        allowed = [one for one in operators if path != "grant.tags" or one in LIST_OPERATORS]
        if not allowed:
            path, allowed = "args.a", list(operators)
        operator = draw(st.sampled_from(allowed))
        return {"path": path, "op": operator.value, "value": draw(_literal(operator, path))}

    return condition()


def _rules(
    condition: st.SearchStrategy[Document], extra: dict[str, st.SearchStrategy[Any]]
) -> st.SearchStrategy[list[Document]]:
    rule = st.fixed_dictionaries({"conditions": st.lists(condition, max_size=3)}, optional=extra)
    return st.lists(rule, max_size=3)


@st.composite
def limits(draw: st.DrawFn) -> list[Document]:
    """Up to three limits, none of them shared; those that can be split often are."""
    limit = st.fixed_dictionaries(
        {
            "counter": st.sampled_from(["calls", "spend", "p/q~r"]),
            "window": st.sampled_from(["second", "minute", "day", "week", "month", 90]),
            "max": st.sampled_from([0, 1, 2.5, 30, 999999999999]),
        },
        optional={
            "scope": st.sampled_from(["grant", "session", "server"]),
            "increment_from": st.sampled_from(SINGLE_PATHS),
            "per": st.lists(st.sampled_from(SINGLE_PATHS), max_size=2),
            "on_limit": texts,
        },
    )
    unique = st.lists(limit, max_size=3, unique_by=lambda one: one["counter"])
    found: list[Document] = draw(unique)
    for one in found:
        whole = "increment_from" in one or one.get("per") or one.get("scope") != "server"
        shards = draw(st.sampled_from([1, 2, 30, 32]))
        if not whole and 1 < shards <= one["max"]:
            one["shards"] = shards
    return found


def entries(
    operators: tuple[Operator, ...] = tuple(Operator),
) -> st.SearchStrategy[Document]:
    """Members of `tools`, or `all_tools`; no shorthands."""
    condition = conditions(operators)
    approvers = st.lists(st.sampled_from(["a@example.com", "b@example.com"]), unique=True)
    return st.fixed_dictionaries(
        {},
        optional={
            "require": _rules(condition, {"on_deny": texts}),
            "deny_if": _rules(condition, {"on_deny": texts}),
            "approve_if": _rules(condition, {"reason": texts, "approvers": approvers}),
            "limits": limits(),
        },
    )


def documents(
    operators: tuple[Operator, ...] = tuple(Operator),
) -> st.SearchStrategy[Document]:
    """What a policy.json holds."""
    names = st.sampled_from((*TOOLS, *GLOBS))
    return st.fixed_dictionaries(
        {"version": st.just("1"), "default": st.sampled_from(["allow", "deny"])},
        optional={
            "hide": st.one_of(
                st.lists(st.sampled_from(TOOLS), max_size=2, unique=True), st.just(["*"])
            ),
            "all_tools": entries(operators),
            "tools": st.dictionaries(names, entries(operators), max_size=4),
        },
    )


def text_of(document: Document) -> bytes:
    """The policy.json of a document."""
    return json.dumps(document, ensure_ascii=False).encode()


calls = st.builds(
    Call,
    tool=st.sampled_from((*TOOLS, "other", "*", "")),
    arguments=st.dictionaries(st.sampled_from(["a", "b", "c", "list", "odd.key"]), values),
)
subjects = st.builds(Subject, label=texts, tags=st.lists(texts, max_size=3).map(tuple))
times = st.sampled_from([0.0, 32399.999, 32400.0, 1_709_200_800.5, 1_767_225_599.0])
