"""What `diff` says of policies that differ in one thing."""

import json
from pathlib import Path
from typing import Any

import pytest

from compiler.answers import witness
from compiler.answers.diff import Difference, diff
from compiler.answers.relation import Relation
from compiler.answers.witness import NotReproduced
from compiler.answers.wording import difference_text
from compiler.meaning import Meaning
from compiler.parse import parse
from compiler.verdict import Effect
from tests.compiler.answers.pairs import policy
from tests.strategies import Document

GOLDEN = Path(__file__).parent / "golden"


def condition(path: str, op: str, value: Any) -> Document:
    return {"path": path, "op": op, "value": value}


def rule(*conditions: tuple[str, str, Any]) -> Document:
    return {"conditions": [condition(*one) for one in conditions]}


def held(*conditions: tuple[str, str, Any], **terms: Any) -> Document:
    return {**rule(*conditions), "approvers": ["ops@example.com"], **terms}


def document(default: str = "deny", **parts: Any) -> Document:
    return {"version": "1", "default": default, **parts}


def between(old: Document, new: Document) -> Difference:
    return diff(policy(old), policy(new))


def of_pay(old: Document, new: Document) -> Difference:
    return between(document(tools={"pay": old}), document(tools={"pay": new}))


def calls(found: Difference) -> list[Any]:
    return [json.loads(one.witness.line) for one in found.changes]


OVER = ("args.amount", "gt", 500)


@pytest.mark.parametrize(
    "old, new, relation, args",
    [
        ({}, {}, "equal", None),
        ({"deny_if": [rule(OVER)]}, {}, "wider", {"amount": 501}),
        ({"deny_if": [rule(OVER)]}, {"deny_if": [rule(("args.amount", "gt", 500.01))]},
         "wider", {"amount": 500.001}),
        ({"deny_if": [rule(OVER)]}, {"deny_if": [rule(("args.amount", "gte", 500))]},
         "narrower", {"amount": 500}),
        ({"deny_if": [rule(OVER)]}, {"deny_if": [rule(("args.amount", "gt", 500.0))]},
         "equal", None),
        ({"deny_if": [rule(OVER)]}, {"require": [rule(("args.amount", "lte", 500))]},
         "narrower", {}),
        ({"deny_if": [rule(OVER), rule(("args.amount", "exists", False))]},
         {"require": [rule(("args.amount", "lte", 500))]}, "equal", None),
        ({"require": [rule(("args.f", "eq", True))]}, {"require": [rule(("args.f", "eq", 1))]},
         "different", {"f": 1}),
        ({"require": [rule(("args.c", "regex", "^(?:a|b)$"))]},
         {"require": [rule(("args.c", "in", ["b", "a"]))]}, "equal", None),
        ({"require": [rule(("args.c", "regex", "^a$"))]},
         {"require": [rule(("args.c", "regex", "^a"))]}, "wider", {"c": "ax"}),
        ({"require": [rule(("args.c", "length_lte", 3), ("args.c", "regex", "^[ab]*$"))]},
         {"require": [rule(("args.c", "regex", "^[ab]{0,3}$"))]}, "equal", None),
        ({"require": [rule(("args.c", "lt", "b"))]},
         {"require": [rule(("args.c", "regex", r"\A(?:[\x00-a]|\z)"))]}, "equal", None),
        ({"deny_if": [rule(("args.o.force", "neq", True))]},
         {"require": [rule(("args.o.force", "eq", True))]}, "equal", None),
        ({"require": [rule(("args.o", "exists", True))]},
         {"require": [rule(("args.o.a", "exists", True))]}, "narrower", {"o": "x"}),
        ({"deny_if": [rule(("args.o.a", "eq", 1)), rule(("args.o.b", "eq", 1))]},
         {"deny_if": [rule(("args.o.a", "eq", 1))]}, "wider", {"o": {"b": 1}}),
        ({"deny_if": [rule(("args.o.a", "exists", True), ("args.o.a", "exists", False))]}, {},
         "wider", {"o": "x"}),
        ({"deny_if": [rule(("args.l[*]", "eq", 1), ("args.l[*]", "eq", 2)),
                      rule(("args.l[*]", "lt", 0))]},
         {"deny_if": [rule(("args.l[*]", "lt", 0))]}, "wider", {"l": [2, 1]}),
        ({"deny_if": [rule(("args.l[*]", "gt", 5))]}, {"deny_if": [rule(("args.l[*]", "gt", 6))]},
         "wider", {"l": [5.1]}),
        ({"require": [rule(("args.l[*].p", "lte", 5)), rule(("args.l[*].q", "exists", True))]},
         {"require": [rule(("args.l[*].p", "lte", 5))]}, "wider", {"l": [{"p": 4}]}),
        ({"require": [rule(("args.l", "contains", "a"))]},
         {"require": [rule(("args.l", "contains", "b"))]}, "different", {"l": "b"}),
        ({"deny_if": [rule(("args.l", "not_contains", "a"))]},
         {"require": [rule(("args.l", "contains", "a"))]}, "equal", None),
        ({"deny_if": [rule(("args.a", "eq", 2**53 - 1))]},
         {"deny_if": [rule(("args.a", "gte", 2**53 - 1), ("args.a", "lte", 2**53 - 1))]},
         "equal", None),
        ({"approve_if": [held(OVER)]}, {}, "wider", {"amount": 501}),
        ({"approve_if": [held(OVER)]}, {"deny_if": [rule(OVER)]}, "narrower", {"amount": 501}),
        ({"approve_if": [held(OVER)]}, {"approve_if": [held(OVER, approvers=[])]},
         "narrower", {"amount": 501}),
        ({"approve_if": [held(OVER)]}, {"approve_if": [held(OVER, expires_in="1h")]},
         "different", {"amount": 501}),
        ({"approve_if": [held(OVER)]}, {"approve_if": [held(OVER, approvers=["b@example.com"])]},
         "different", {"amount": 501}),
        ({"approve_if": [held(OVER)]}, {"approve_if": [held(OVER), held(OVER)]}, "equal", None),
        ({"approve_if": [held(OVER, reason="a")]}, {"approve_if": [held(OVER, reason="b")]},
         "equal", None),
        ({"deny_if": [rule(OVER)]}, {"deny_if": [rule(OVER), rule(OVER, ("args.b", "eq", 1))]},
         "equal", None),
    ],
)  # fmt: skip
def test_one_edit_of_one_tool(
    old: Document, new: Document, relation: str, args: Document | None
) -> None:
    found = of_pay(old, new)
    assert found.relation == relation
    assert not found.undecided
    assert (calls(found) == []) if args is None else (calls(found)[0]["args"] == args)


def limit(**terms: Any) -> Document:
    return {"limits": [{"counter": "spend", "window": "day", "max": 5, **terms}]}


def split(shards: int, **terms: Any) -> Document:
    return limit(scope="server", shards=shards, **terms)


@pytest.mark.parametrize(
    "old, new, relation, said",
    [
        (limit(), limit(max=6), "wider", "admits 6 instead of 5"),
        (limit(), limit(max=4.5), "narrower", "admits 4.5 instead of 5"),
        (limit(), {}, "wider", "limit `spend` per day is gone"),
        ({}, limit(), "narrower", "limit `spend` per day is new"),
        (limit(), limit(window=86400), "equal", ""),
        (limit(), limit(window="week"), "different", "counts by the week instead of day"),
        (limit(), limit(window="week"), "different", "the tally starts at zero"),
        (limit(), limit(scope="server"), "different", "has the scope server instead of grant"),
        (limit(), limit(shared=True), "different", "belongs to shared instead of tools/pay"),
        (limit(), limit(per=["args.to"]), "different", "is per `args.to` instead of nothing"),
        (limit(increment_from="args.a"), limit(increment_from="args.b"), "different",
         "takes `args.b` instead of `args.a`"),
        (limit(), limit(on_limit="later"), "equal", ""),
        (split(2), split(4), "different",
         "counts in 4 shards instead of 2 shards; the tally starts at zero"),
        (split(2), limit(scope="server"), "different", "counts in one tally instead of 2 shards"),
        (split(2), split(2, max=6), "wider", "admits 6 instead of 5"),
        (split(2), split(2), "equal", ""),
    ],
)  # fmt: skip
def test_limits_are_compared_by_their_tallies(
    old: Document, new: Document, relation: str, said: str
) -> None:
    found = of_pay(old, new)
    assert found.relation == relation
    assert said in " ".join(one.limit for one in found.changes)


def test_a_cost_that_cannot_be_read_is_a_denial_that_diff_finds() -> None:
    found = of_pay(limit(increment_from="args.a"), {})
    assert {one.before.effect for one in found.changes} == {Effect.DENY, Effect.ALLOW}
    assert all(one.relation is Relation.WIDER for one in found.changes)


def test_a_tally_that_cannot_be_named_is_a_denial_that_diff_finds() -> None:
    several = {"require": [rule(("args.to", "length_gte", 2))]}
    found = of_pay({**several, **limit(per=["args.to"])}, several)
    denied = [one for one in found.changes if one.before.effect is Effect.DENY]
    assert [one.before.place.rule for one in denied if one.before.place] == [
        "/tools/pay/limits/spend"
    ]
    assert len(json.loads(denied[0].witness.line)["args"]["to"]) == 2


def test_a_limit_of_a_tool_that_admits_nothing_is_no_difference() -> None:
    never = {"deny_if": [rule()]}
    assert of_pay({**never, **limit()}, {**never, **limit(max=9)}).relation is Relation.EQUAL


@pytest.mark.parametrize(
    "old, new, relation, tools",
    [
        (document(tools={"a": {}}), document(default="allow"), "wider", ["any_other_tool"]),
        (document(tools={"a": {}}), document(tools={"a": {}, "b": {}}), "wider", ["b"]),
        (document(tools={"a*": {}}), document(tools={"a*": {}, "ab": {"deny_if": [rule()]}}),
         "narrower", ["ab"]),
        (document(tools={"a*": {}}), document(tools={"a*": {}}, hide=["abc"]), "narrower", ["abc"]),
        (document(tools={"a*": {}}), document(tools={"a*": {}, "ab*": {"deny_if": [rule()]}}),
         "narrower", ["abx"]),
        (document(tools={"a": {}, "b": {}}), document(hide=["*"]), "narrower", ["a", "b"]),
        (document(), document(hide=["a"]), "equal", None),
        (document(tools={"a": {}}), document(tools={"a": {}, "b": {"deny_if": [rule()]}}),
         "equal", None),
        (document(tools={"a": {}, "b": {}}),
         document(tools={"a": {}, "b": {}}, all_tools={"deny_if": [rule(OVER)]}),
         "narrower", ["a", "b"]),
    ],
)  # fmt: skip
def test_tools_globs_and_hiding(
    old: Document, new: Document, relation: str, tools: list[str] | None
) -> None:
    found = between(old, new)
    assert found.relation == relation
    assert [list(one.tools) for one in found.changes] == ([] if tools is None else [tools])


def test_a_witness_tells_the_grant_and_the_time_where_they_matter() -> None:
    office = {"require": [rule(("time.hour", "gte", 8), ("time.weekday", "lte", 5))]}
    trusted = {"require": [*office["require"], rule(("grant.tags", "contains", "trusted"))]}
    (call,) = calls(of_pay(office, trusted))
    assert call["time"] == "2026-01-05T08:00:00Z"
    assert call["grant"] == {"label": ""}


@pytest.mark.parametrize(
    "old, new",
    [
        (("args.l[0]", "lte", 5), ("args.l[0]", "lte", 6)),
        (("args.l[*].a[*]", "lte", 5), ("args.l[*].a[*]", "lte", 6)),
        (("args.o", "in", [{"a": 1}]), ("args.o", "in", [{"a": 1}, {"a": 2}])),
        (("args.l", "in", [["a"]]), ("args.l", "in", [["a"], ["b"]])),
        (("args.l", "contains", {"a": 1}), ("args.l", "length_gte", 1)),
        (("grant.tags[*]", "in", ["a"]), ("grant.tags[*]", "in", ["a", "b"])),
    ],
)
def test_what_is_beyond_it_is_said_to_be_not_decided(
    old: tuple[str, str, Any], new: tuple[str, str, Any]
) -> None:
    found = of_pay({"require": [rule(old)]}, {"require": [rule(new)]})
    (doubt,) = found.undecided
    assert doubt.tools == ("pay",) and old[0][:6] in doubt.reason
    assert found.relation in (Relation.NOT_DECIDED, Relation.DIFFERENT)


def test_what_cannot_be_decided_does_not_hide_what_can() -> None:
    same = rule(("args.l[0]", "lte", 5))
    found = of_pay({"require": [same], "deny_if": [rule(OVER)]}, {"require": [same]})
    assert found.relation is Relation.WIDER and not found.undecided
    assert calls(found) == [{"tool": "pay", "args": {"amount": 501, "l": [4]}}]


FIRST, SECOND = ("args.a", "eq", 1), ("args.b", "eq", 1)


@pytest.mark.parametrize(
    "old, new, relation",
    [
        ([FIRST], [FIRST, SECOND], "narrower"),
        ([FIRST, SECOND], [FIRST], "wider"),
        ([FIRST, SECOND], [SECOND, FIRST], "equal"),
        ([FIRST], [SECOND], "different"),
    ],
)
def test_who_is_asked_besides_makes_a_policy_narrower(
    old: list[Any], new: list[Any], relation: str
) -> None:
    """Also where a call is held before and after: nobody who was asked may be left out unseen."""
    people = {FIRST: "a@example.com", SECOND: "b@example.com"}
    before, after = (
        {"approve_if": [held(("args.c", "exists", False), approvers=["c@example.com"])]
         + [held(one, approvers=[people[one]]) for one in rules]}
        for rules in (old, new)
    )  # fmt: skip
    assert of_pay(before, after).relation.value == relation


def test_an_object_compared_as_a_whole_whose_members_are_read_is_not_decided() -> None:
    """Found by chance: what stood there was not what it had been taken for."""
    new = {"require": [rule(("args.o", "neq", {}), ("args.o.a", "length_lte", 0))]}
    for old in ({}, {"deny_if": [rule(("args.o.a", "not_regex", "^a+$"))]}):
        for pair in ((old, new), (new, old)):
            assert of_pay(*pair).relation is Relation.NOT_DECIDED or of_pay(*pair).changes


def test_a_witness_that_does_not_reproduce_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = policy(document(default="allow"))

    def misled(shown: witness.Witness, meaning: Meaning) -> Any:
        return Meaning(allowed).decide(*shown.facts())

    monkeypatch.setattr(witness.Witness, "decided", misled)
    with pytest.raises(NotReproduced, match="decide this call alike"):
        of_pay({"deny_if": [rule(OVER)]}, {})


def test_the_whole_answer_as_people_read_it() -> None:
    old, new = (parse((GOLDEN / name).read_bytes()).policy for name in ("old.json", "new.json"))
    assert old is not None and new is not None
    text = difference_text(diff(old, new), "old.json", "new.json")
    assert text == (GOLDEN / "diff.txt").read_text()
