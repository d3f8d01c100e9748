"""Pairs of policies that often differ in one thing only, and calls near their literals."""

from typing import Any

from hypothesis import strategies as st

from compiler.parse import parse
from compiler.policy import Policy
from compiler.verdict import Call, Subject
from tests.strategies import Document, documents, text_of

TOOLS = ("pay", "send_mail", "send_all", "other")
PATHS = (
    "args.a",
    "args.b",
    "args.o.a",
    "args.o.b.c",
    "args.o",
    "args.l[*]",
    "args.l[*].a",
    "args.l[*].b",
    "args.l[0]",
    "grant.label",
)

numbers = st.sampled_from(
    [-1, 0, -0.0, 1, 1.5, 2, 100, 0.1, 0.30000000000000004, 1e-7, 5e-324, 1e12, 1e300, 2**53 - 1]
)
texts = st.sampled_from(
    ["", "a", "ab", "b", "é", "abc", "e\u0301", "\ud7ff", "\ue000", "\U0001f600", "\x00", "a\n"]
)
scalars = st.one_of(numbers, texts, st.booleans())
wholes: st.SearchStrategy[Any] = st.sampled_from([{}, [], {"a": 1}, ["a"], None])
literals = st.one_of(scalars, scalars, scalars, wholes)
PATTERNS = ("a", "^a", "^a+$", "^(?:a|b)$", "b$", "[^a]", ".", "^.$", r"\x00", "^$", r"(?i)A\b")

LITERALS: dict[str, st.SearchStrategy[Any]] = {
    "eq": literals,
    "neq": literals,
    "lt": st.one_of(numbers, texts),
    "lte": st.one_of(numbers, texts),
    "gt": st.one_of(numbers, texts),
    "gte": st.one_of(numbers, texts),
    "in": st.lists(literals, max_size=3),
    "not_in": st.lists(literals, max_size=3),
    "exists": st.booleans(),
    "regex": st.sampled_from(PATTERNS),
    "not_regex": st.sampled_from(PATTERNS),
    "contains": literals,
    "not_contains": literals,
    "starts_with": texts,
    "ends_with": texts,
    "length_lte": st.integers(0, 3),
    "length_gte": st.integers(0, 3),
}


@st.composite
def conditions(draw: st.DrawFn) -> Document:
    path = draw(st.sampled_from(PATHS))
    if path == "grant.label":
        operator = draw(st.sampled_from(["eq", "neq", "regex", "starts_with"]))
        literal = draw(st.sampled_from(PATTERNS) if operator == "regex" else texts)
    else:
        operator = draw(st.sampled_from(list(LITERALS)))
        literal = draw(LITERALS[operator])
    return {"path": path, "op": operator, "value": literal}


rules = st.fixed_dictionaries({"conditions": st.lists(conditions(), max_size=2)})
requirements = st.fixed_dictionaries({"conditions": st.lists(conditions(), min_size=1, max_size=2)})
approvals = st.fixed_dictionaries(
    {
        "conditions": st.lists(conditions(), min_size=1, max_size=2),
        "approvers": st.sampled_from([[], ["a@example.com"], ["a@example.com", "b@example.com"]]),
    }
)
limits = st.lists(
    st.fixed_dictionaries(
        {
            "counter": st.sampled_from(["one", "two"]),
            "window": st.sampled_from(["day", "hour"]),
            "max": st.sampled_from([1, 2]),
        },
        optional={
            "increment_from": st.sampled_from(["args.a", "args.o.a"]),
            "per": st.sampled_from([["args.b"], ["args.a"]]),
        },
    ),
    max_size=1,
)
entries = st.fixed_dictionaries(
    {},
    optional={
        "require": st.lists(requirements, max_size=2),
        "deny_if": st.lists(rules.filter(lambda one: bool(one["conditions"])), max_size=2),
        "approve_if": st.lists(approvals, max_size=2),
        "limits": limits,
    },
)


@st.composite
def edited(draw: st.DrawFn) -> tuple[Policy, Policy]:
    """A policy, and the same with one entry written anew."""
    first = draw(entries)
    second = {**first}
    for part in draw(st.sets(st.sampled_from(["require", "deny_if", "approve_if", "limits"]))):
        other = draw(entries)
        second.pop(part, None)
        if part in other:
            second[part] = other[part]
    document: Document = {"version": "1", "default": "deny", "tools": {"pay": first}}
    return policy(document), policy({**document, "tools": {"pay": second}})


def policy(document: Document) -> Policy:
    """The policy of a document that parses."""
    parsed = parse(text_of(document))
    assert parsed.policy is not None, parsed.diagnostics
    return parsed.policy


pairs = st.one_of(
    edited(),
    edited(),
    st.tuples(documents().map(text_of), documents().map(text_of))
    .map(lambda both: (parse(both[0]).policy, parse(both[1]).policy))
    .filter(all),
)

values = st.recursive(
    st.one_of(scalars, st.none(), st.sampled_from([2**53, 99, 101, "aa", "ba"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=2),
    ),
    max_leaves=4,
)
elements = st.one_of(scalars, st.dictionaries(st.sampled_from(["a", "b"]), scalars))
calls = st.builds(
    Call,
    tool=st.sampled_from(("pay", "send", "pay_now", "list", "unheard_of")),
    arguments=st.one_of(
        st.dictionaries(st.sampled_from(["a", "b", "o", "l"]), values, max_size=4),
        st.fixed_dictionaries({"a": values, "b": values, "o": values}),
        st.fixed_dictionaries({"a": scalars, "l": st.lists(elements, max_size=3)}),
    ),
)
subjects = st.builds(Subject, label=texts, tags=st.lists(texts, max_size=2).map(tuple))
