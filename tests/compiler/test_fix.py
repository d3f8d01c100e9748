"""Rewrites: what they take out, what they leave, and that decisions stay as they were."""

from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.answers.diff import diff
from compiler.answers.relation import Relation
from compiler.check import check
from compiler.fix import Fixed, fix, offer_approval
from compiler.meaning import Meaning
from compiler.parse import parse
from compiler.policy import Policy
from compiler.rewrite import Document as Text
from compiler.verdict import Call, Effect, Subject
from tests.strategies import Document, calls, documents, subjects, text_of

UNREACHED = """{
  "version": "1",
  "default": "deny",
  "hide": ["gone"],
  "tools": {
    "gone": {},
    "pay": {
      "deny_if": [
        {"conditions": [{"path": "args.a", "op": "gt", "value": 5}]},
        {"conditions": [{"path": "args.a", "op": "gt", "value": 5}]},
        {"conditions": []},
        {"conditions": [{"path": "args.c", "op": "gt", "value": 5}]}
      ],
      "limits": [{"counter": "c", "window": "day", "max": 3}]
    },
    "list": {}
  }
}
"""
REACHED = """{
  "version": "1",
  "default": "deny",
  "hide": ["gone"],
  "tools": {
    "pay": {
      "deny_if": [
        {"conditions": [{"path": "args.a", "op": "gt", "value": 5}]},
        {"conditions": []}
      ],
      "limits": []
    },
    "list": {}
  }
}
"""


def policy(text: str) -> Policy:
    found = parse(text).policy
    assert found is not None
    return found


def codes(fixed: Fixed) -> list[str]:
    return [one.code for one in fixed.done]


def test_what_no_call_reaches_is_taken_out_and_nothing_else_is_touched() -> None:
    fixed = fix(UNREACHED)
    assert fixed.text == REACHED
    assert codes(fixed) == ["W103"] * 4
    assert fixed.difference is not None and fixed.difference.relation is Relation.EQUAL


def test_a_policy_with_errors_is_left_alone() -> None:
    assert fix('{"version": "2"}') == Fixed('{"version": "2"}', (), None)


def test_fixing_again_finds_nothing() -> None:
    assert fix(REACHED) == Fixed(REACHED, (), None)


def entry(text: str, more: str = "") -> str:
    return f'{{"version": "1", "default": "deny",{more} "tools": {{"refund": {{{text}}}}}}}'


PROMISE = '{"conditions": [], "on_deny": "Needs approval."}'
APPROVERS = ' "approvals": {"approvers": ["ops@example.com"]},'


def test_what_stands_after_a_promised_approval_is_kept() -> None:
    text = entry(f'"deny_if": [{PROMISE}], "limits": [{{"counter": "c", "window": 1, "max": 1}}]')
    assert fix(text).text == text


def test_a_permanent_deny_becomes_an_approval() -> None:
    fixed = offer_approval(entry(f'"deny_if": [{PROMISE}]', APPROVERS))
    assert fixed.text == entry(
        '"approve_if": [{"conditions": [], "reason": "Needs approval."}]', APPROVERS
    )
    assert codes(fixed) == ["W106"]
    assert fixed.difference is not None and fixed.difference.relation is Relation.WIDER
    (change,) = fixed.difference.changes
    assert change.after.effect is Effect.REQUIRE_APPROVAL


def test_an_approval_stands_beside_other_rules() -> None:
    other = '{"conditions": [{"path": "args.a", "op": "exists", "value": false}]}'
    fixed = offer_approval(entry(f'\n  "deny_if": [{other}, {PROMISE}]', APPROVERS))
    assert fixed.text == entry(
        '\n  "approve_if": [{"conditions": [], "reason": "Needs approval."}],'
        f'\n  "deny_if": [{other}]',
        APPROVERS,
    )
    held = '{"conditions": [], "reason": "why"}'
    both = offer_approval(entry(f'"approve_if": [{held}], "deny_if": [{PROMISE}]', APPROVERS))
    assert both.text == entry(
        f'"approve_if": [{held}, {{"conditions": [], "reason": "Needs approval."}}], "deny_if": []',
        APPROVERS,
    )


def test_the_shorthand_is_turned_too() -> None:
    fixed = offer_approval(entry('"action": "deny", "reason": "A human must confirm."', APPROVERS))
    assert '"action": "require_approval", "reason": "A human must confirm."' in fixed.text


def test_several_promises_in_one_entry_are_all_turned() -> None:
    fixed = offer_approval(entry(f'"deny_if": [{PROMISE}, {PROMISE}]', APPROVERS))
    assert codes(fixed) == ["W106", "W106"]
    assert not [one for one in check(policy(fixed.text)) if one.code == "W106"]


def test_without_approvers_nothing_is_widened() -> None:
    fixed = offer_approval(entry(f'"deny_if": [{PROMISE}]'))
    assert fixed.difference is not None and fixed.difference.relation is Relation.EQUAL
    assert "W107" in [one.code for one in check(policy(fixed.text))]


bounds = st.fixed_dictionaries(
    {
        "path": st.sampled_from(["args.a", "args.b", "args.list[*]"]),
        "op": st.sampled_from(["lt", "lte", "gt", "gte", "eq", "in"]),
        "value": st.sampled_from([0, 1, 1.5, 2, "a", "b"]),
    }
).map(lambda one: {**one, "value": [one["value"], 1, "b"]} if one["op"] == "in" else one)
bounding = st.lists(
    st.fixed_dictionaries({"conditions": st.lists(bounds, min_size=1, max_size=2)}), max_size=4
)
bounded = st.fixed_dictionaries(
    {"require": bounding, "deny_if": bounding},
    optional={"approve_if": bounding},
)


@given(bounded, st.lists(st.tuples(calls, subjects), min_size=1, max_size=12))
@settings(max_examples=150)
def test_a_rule_that_is_said_to_decide_nothing_decides_nothing(
    rules: Document, asked: list[tuple[Call, Subject]]
) -> None:
    approvals = {"approvers": ["ops@example.com"]}
    whole = {"version": "1", "default": "deny", "approvals": approvals, "tools": {"pay": rules}}
    written = Text.of(text_of(whole).decode())
    assert written is not None
    before = Meaning(written.policy)
    for warning in written.removable():
        after = Meaning(policy(written.without([warning])))
        for call, subject in asked:
            call = Call("pay", call.arguments)
            found, then = (one.decide(call, subject, 0.0) for one in (before, after))
            assert (found.effect, len(found.holds)) == (then.effect, len(then.holds))


@given(documents())
@settings(max_examples=80)
def test_fixing_changes_no_decision(document: dict[str, object]) -> None:
    text = text_of(document).decode()
    before = parse(text).policy
    if before is None:
        return
    assert diff(before, policy(fix(text).text)).relation is Relation.EQUAL
    for change in diff(before, policy(offer_approval(text).text)).changes:
        assert change.relation is Relation.WIDER
        assert change.after.effect is Effect.REQUIRE_APPROVAL
