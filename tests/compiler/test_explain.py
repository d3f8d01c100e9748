"""What a policy says in plain sentences, and why it decides on a call as it does."""

import json
from typing import Any

import pytest
from hypothesis import given, settings

from compiler.explain.account import account
from compiler.explain.phrases import condition_words, duration_words
from compiler.explain.sentences import NOTES, sentences
from compiler.explain.trace import trace
from compiler.meaning import Meaning
from compiler.names import RuleList
from compiler.parse import parse
from compiler.policy import Operator, Policy
from compiler.verdict import Call, Effect, Subject
from tests.corpus import DECISIONS, asked, bytes_of, lines, policy_of
from tests.strategies import Document, calls, documents, subjects, text_of, times
from tests.test_docs import EXAMPLES

STRIPE = EXAMPLES[0]
"""The policy that docs/policy.md opens with."""


def policy(text: str | bytes) -> Policy:
    parsed = parse(text)
    assert parsed.policy is not None, parsed.diagnostics
    return parsed.policy


def told(entry: dict[str, Any], **more: Any) -> str:
    document = {"version": "1", "default": "deny", **more, "tools": {"t": entry}}
    return sentences(policy(json.dumps(document)))


def asked_of(text: str, tool: str, **arguments: Any) -> str:
    return account(policy(text), text, Call(tool, arguments), Subject(), 0.0)


def test_a_policy_reads_as_plain_sentences_in_the_order_in_which_they_decide() -> None:
    assert sentences(policy(STRIPE)) == PLAIN + NOTES


PLAIN = """\
Hidden, and denied when called: `delete_account`

Tool `list_customers`
  1. At most 60 calls a minute for each grant, all tools together. (for every tool, line 6)
  2. What is left is allowed.

Tool `create_charge`
  1. Only if `currency` is one of "usd", "eur". It says: “Only USD or EUR.” (line 12)
  2. Only if `amount` is given. (line 16)
  3. Denied if `amount` is above 10000. It says: “Above the cap.” (line 19)
  4. At most 60 calls a minute for each grant, all tools together. (for every tool, line 6)
  5. At most 2000 of `amount` a day for each grant. (line 33)
  6. Waits for a person if `amount` is above 500: ops@example.com must say yes within 30 minutes. \
It says: “Charges above 500 need a person.” (line 25)
  7. What is left is allowed.

Any other tool is denied.

"""


def test_a_held_call_is_told_with_its_rule_its_conditions_its_limits_and_its_people() -> None:
    assert asked_of(STRIPE, "create_charge", amount=700, currency="usd") == HELD


HELD = """\
The call of `create_charge` is held until a person answers.
Decided by /tools/create_charge/approve_if/args.amount-gt [0], line 25
  25 |         {
  26 |           "conditions": [{"path": "args.amount", "op": "gt", "value": 500}],
  27 |           "reason": "Charges above 500 need a person.",
  28 |           "approvers": ["ops@example.com"],
  29 |           "expires_in": "30m"
  30 |         }
The agent reads: Charges above 500 need a person.

What the rules found:
  met: /tools/create_charge/require/args.currency-in [0], line 12
    true: `currency` is one of "usd", "eur" (it is "usd")
  met: /tools/create_charge/require/args.amount-exists [1], line 16
    true: `amount` is given (it is 700)
  does not fire: /tools/create_charge/deny_if/args.amount-gt [0], line 19
    false: `amount` is above 10000 (it is 700)
  holds: /tools/create_charge/approve_if/args.amount-gt [0], line 25
    true: `amount` is above 500 (it is 700)

It takes, where all of these have room:
  1 of 60 a minute for each grant: /all_tools/limits/calls [0], line 6
  700 of 2000 a day for each grant: /tools/create_charge/limits/spend [0], line 33

Who is asked:
  ops@example.com must say yes within 30 minutes: \
/tools/create_charge/approve_if/args.amount-gt [0], line 25
"""


def test_a_mismatch_and_what_was_read_are_told_and_later_rules_are_not_asked() -> None:
    text = asked_of(STRIPE, "create_charge", amount="7", currency="usd")
    assert "is denied.\nDecided by /tools/create_charge/deny_if/args.amount-gt [0]" in text
    assert 'mismatch: `amount` is above 10000 (it is "7")' in text
    assert "not asked: /tools/create_charge/approve_if/args.amount-gt" in text
    assert "It takes" not in text


def test_a_limit_that_cannot_be_taken_is_the_rule_that_decides() -> None:
    text = asked_of(STRIPE, "create_charge", amount=-1, currency="usd")
    assert "Decided by /tools/create_charge/limits/spend [0], line 33\n  33 | " in text


def test_a_cost_above_the_maximum_is_said_to_be_denied() -> None:
    text = asked_of(STRIPE, "create_charge", amount=5000, currency="usd")
    assert "5000 of 2000 a day for each grant (more than it ever admits, so denied)" in text


@pytest.mark.parametrize(
    ("tool", "rule"), [("delete_account", "(hidden)"), ("x", "(default deny)")]
)
def test_a_tool_that_no_rule_serves_is_told_without_rules(tool: str, rule: str) -> None:
    text = asked_of(STRIPE, tool)
    assert f"Decided by {rule}\n" in text
    assert "What the rules found" not in text


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"action": "deny", "reason": "No."}, "1. Always denied. It says: “No.” (line 1)"),
        ({"approve_if": [{"conditions": []}]}, "1. Denied, since the policy names nobody who"),
        ({"require": [{"conditions": []}]}, "1. A rule that asks nothing."),
        (
            {"deny_if": [{"conditions": [{"path": "args.a[*].b", "op": "lt", "value": 1}]}]},
            "Denied if `b` of any element of `a` is below 1.",
        ),
        (
            {"require": [{"conditions": [{"path": "args.a[*].b", "op": "lt", "value": "x"}]}]},
            'Only if `b` of every element of `a` comes before "x".',
        ),
        (
            {"deny_if": [{"conditions": [
                {"path": "args.a[0]", "op": "exists", "value": False},
                {"path": "grant.tags", "op": "not_contains", "value": "x"}]}]},
            "Denied if element 1 of `a` is left out and the list of the grant's tags does not "
            'contain "x".',
        ),
        (
            {"limits": [{"counter": "c", "window": 90, "max": 1, "scope": "all", "shared": True,
                         "per": ["args.to", "args.x"]}]},
            "At most 1 call every 90 seconds for the whole deployment together, counted apart for "
            "each value of `to` and `x`, together with every tool that names the tally `c`.",
        ),
        (
            {"limits": [{"counter": "c", "window": "hour", "max": 9000, "scope": "server",
                         "shards": 3}]},
            "At most 9000 calls an hour for all grants of the server together, split into 3 shards "
            "that each admit their part, so that it may refuse early.",
        ),
        ({"rate_limit": {"max": 2.5, "window": "week"}}, "At most 2.5 calls a week (from Monday"),
    ],
)  # fmt: skip
def test_each_rule_has_its_sentence(entry: dict[str, Any], sentence: str) -> None:
    assert sentence in told(entry)


def test_a_tool_that_always_waits_is_not_said_to_be_allowed() -> None:
    approvals = {"approvers": ["a@b", "c@d"], "quorum": 2, "expires_in": "90m"}
    text = told({"action": "require_approval"}, approvals=approvals)
    assert "1. Waits for a person: 2 of a@b, c@d must say yes within 90 minutes. (line 1)" in text
    assert "2. Nothing is allowed without that." in text
    assert "What is left is allowed" not in text


def test_a_tool_whose_calls_nobody_can_approve_is_not_said_to_be_allowed() -> None:
    text = told({"action": "require_approval"})
    assert "1. Denied, since the policy names nobody" in text
    assert "allowed" not in text.partition("Any other tool")[0]


def test_elements_that_were_read_are_told_in_the_plural() -> None:
    rule = {"conditions": [{"path": "args.a[*]", "op": "lt", "value": 5}]}
    document = {"version": "1", "default": "deny", "tools": {"t": {"require": [rule]}}}
    text = json.dumps(document)
    told = account(policy(text), text, Call("t", {"a": [1, "2"]}), Subject(), 0.0)
    assert 'mismatch: every element of `a` is below 5 (they are 1, "2")' in told


def test_what_serves_tools_by_pattern_or_not_at_all_is_told() -> None:
    document = {
        "version": "1", "default": "allow",
        "tools": {"a*": {}, "ab*": {}, "abc": {}, "d": {"action": "deny"}},
    }  # fmt: skip
    text = sentences(policy(json.dumps(document)))
    assert text.index("Allowed without a rule: `abc`") < text.index("Tools named `ab*`, unless")
    assert text.index("Tools named `ab*`") < text.index("Tools named `a*`")
    assert "Any other tool is allowed.\n" in text
    everything = json.dumps({**document, "hide": ["*"]})
    assert sentences(policy(everything)).startswith("Every tool is hidden")


def test_no_text_of_a_policy_or_call_reaches_the_terminal_as_a_command() -> None:
    escape = "\x1b[2J\u202e"
    entry = {
        "deny_if": [{"conditions": [{"path": f'args["{escape[1:]}"]', "op": "eq", "value": escape}],
                     "on_deny": escape}],
        "limits": [{"counter": escape, "window": "day", "max": 1, "shared": True}],
    }  # fmt: skip
    document = {"version": "1", "default": "deny", "tools": {escape: entry}}
    text = json.dumps(document, ensure_ascii=False).replace("\x1b", "\\u001b")
    outputs = sentences(policy(text)) + account(
        policy(text), text, Call(escape, {escape[1:]: escape}), Subject(), 0.0
    )
    assert all(one.isprintable() or one == "\n" for one in outputs)


@pytest.mark.parametrize("operator", Operator)
def test_every_operator_has_its_words(operator: Operator) -> None:
    literals = {Operator.IN: ["a"], Operator.NOT_IN: ["a"], Operator.EXISTS: True,
                Operator.LENGTH_LTE: 1, Operator.LENGTH_GTE: 1}  # fmt: skip
    condition = {"path": "args.x", "op": operator.value, "value": literals.get(operator, "a")}
    (entry,) = policy(
        json.dumps(
            {"version": "1", "default": "deny",
             "tools": {"t": {"require": [{"conditions": [condition]}]}}}
        )
    ).tools  # fmt: skip
    assert condition_words(entry.rules.require[0].conditions[0]).startswith("`x` ")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (60, "1 minute"),
        (5400, "90 minutes"),
        (7200, "2 hours"),
        (86400, "1 day"),
        (61, "61 seconds"),
    ],
)
def test_durations_are_told_in_the_largest_unit_that_divides(seconds: int, words: str) -> None:
    assert duration_words(seconds) == words


@pytest.mark.parametrize("case", DECISIONS)
def test_the_account_of_every_call_of_the_corpus_names_the_rule_that_decided(case: str) -> None:
    text = bytes_of(case).decode()
    for line in lines(case, "calls.jsonl"):
        one = asked(line)
        verdict = Meaning(policy_of(case)).decide(one.call, one.subject, one.now)
        told = account(policy_of(case), text, one.call, one.subject, one.now)
        assert ("Decided by" in told) is (verdict.effect is not Effect.ALLOW)
        if verdict.place and verdict.place.line:
            assert f"line {verdict.place.line}\n" in told
            assert f"{verdict.place.line} | " in told


@settings(max_examples=150)
@given(documents(), calls, subjects, times)
def test_the_trace_agrees_with_the_decision(
    document: Document, call: Call, subject: Subject, now: float
) -> None:
    meaning = Meaning(policy(text_of(document)))
    verdict = meaning.decide(call, subject, now)
    steps = trace(meaning, call, subject, now)
    denying = [one for one in steps if one.against and one.which is not RuleList.APPROVE_IF]
    holding = [one.place for one in steps if one.against and one.which is RuleList.APPROVE_IF]
    if denying:
        assert verdict.place == denying[0].place
    if verdict.effect is Effect.REQUIRE_APPROVAL:
        assert [hold.place for hold in verdict.holds] == holding
    if verdict.effect is Effect.ALLOW:
        assert not denying and not holding
    text = text_of(document).decode()
    assert account(meaning.policy, text, call, subject, now)
    assert sentences(meaning.policy)
