"""Claims: what they mean, which hold, and what a text that is none is told."""

import json
from pathlib import Path

import pytest

from compiler.answers.claim import ClaimError, parse_claim
from compiler.answers.prove import prove
from compiler.answers.wording import proof_record, proof_text
from compiler.parse import parse
from compiler.policy import Operator, Policy

GOLDEN = Path(__file__).parent / "golden"
POLICY = parse((GOLDEN / "old.json").read_bytes()).policy


@pytest.mark.parametrize(
    "text",
    [
        "create_charge where args.amount > 500 without approval",
        "create_charge where args.amount > 10000",
        "create_charge where args.amount >= 10000.000001",
        'create_charge where args.currency = "gbp"',
        "create_charge where args.currency missing",
        "create_charge where args.amount exists false",
        "create_charge where args.amount < 0",
        'create_charge where args.currency not_in ["usd", "eur"]',
        "refund without approval",
        "delete_customer",
        "place_order where args.lines[*].price > 100",
        '"send_mail" where args.to ends_with "@example.com" and time.hour <= 7',
        'list_customers where grant.label = "a" and grant.label = "b"',
        "*_unheard_of where time.hour > 23 and args.x in []",
    ],
)
def test_claims_that_hold(text: str) -> None:
    assert POLICY is not None
    proof = prove(POLICY, parse_claim(text))
    assert proof.holds, proof_text(proof)


@pytest.mark.parametrize(
    "text, line",
    [
        ("create_charge where args.amount > 500",
         '{"tool": "create_charge", "args": {"amount": 501, "currency": "eur", '
         '"customer": {"id": "cus_x"}}}'),
        ("refund", '{"tool": "refund", "args": {}}'),
        ('send_mail where args.to ends_with "@example.com"',
         '{"tool": "send_mail", "args": {"to": "@example.com"}, "time": "2026-01-05T08:00:00Z"}'),
        ("re*", '{"tool": "refund", "args": {}}'),
        ('read_* where grant.label = "guest"',
         '{"tool": "read_x", "args": {}, "grant": {"label": "guest"}}'),
        ("place_order where args.lines[*].price = 100",
         '{"tool": "place_order", "args": {"lines": [{"price": 100}]}}'),
    ],
)  # fmt: skip
def test_claims_that_do_not_hold_come_with_a_call(text: str, line: str) -> None:
    assert POLICY is not None
    proof = prove(POLICY, parse_claim(text))
    assert proof.counterexample is not None
    assert proof.counterexample.line == line
    assert proof_record(proof)["answer"] == "counterexample"


def limited(most: object, **more: object) -> Policy:
    limit = {"counter": "c", "window": "day", "max": most, **more}
    document = {"version": "1", "default": "deny", "tools": {"pay": {"limits": [limit]}}}
    policy = parse(json.dumps(document)).policy
    assert policy is not None
    return policy


def test_a_call_that_costs_more_than_a_limit_ever_admits_is_no_counterexample() -> None:
    capped = limited(100.5, increment_from="args.amount")
    assert prove(capped, parse_claim("pay where args.amount > 100.5")).holds
    assert prove(capped, parse_claim("pay where args.amount = 100.5")).counterexample
    assert prove(limited(0.999999), parse_claim("pay")).holds
    assert prove(limited(1), parse_claim("pay")).counterexample


def test_what_nobody_can_say_is_no_proof() -> None:
    source = (
        '{"version": "1", "default": "deny", "tools": {"pay": {"require": [{"conditions":'
        ' [{"path": "args.o", "op": "eq", "value": {"a": 1}}]}]}}}'
    )
    policy = parse(source).policy
    assert policy is not None
    proof = prove(policy, parse_claim('pay where args.o eq {"a": 2}'))
    assert not proof.holds and proof.counterexample is None
    assert proof_record(proof)["answer"] == "not decided"
    assert "whole list or object" in proof_text(proof)


def test_the_whole_answer_as_people_read_it() -> None:
    assert POLICY is not None
    texts = [
        "create_charge where args.amount > 500 without approval",
        "create_charge where args.amount > 499.5",
        '*_mail where args.to ends_with "@example.com" and time.hour < 8',
        "place_order where args.lines[*].price > 100",
        'read_* where grant.label = "guest"',
    ]
    shown = "".join(proof_text(prove(POLICY, parse_claim(text))) for text in texts)
    assert shown == (GOLDEN / "prove.txt").read_text()


@pytest.mark.parametrize(
    "written, operator",
    [("=", "eq"), ("==", "eq"), ("!=", "neq"), ("<", "lt"), ("<=", "lte"), (">", "gt"),
     (">=", "gte"), *((one, one) for one in ("eq", "lt", "length_lte", "length_gte"))],
)  # fmt: skip
def test_operators_are_the_policys_own_or_symbols(written: str, operator: str) -> None:
    (condition,) = parse_claim(f"x where args.a {written} 5").conditions
    assert condition.operator is Operator(operator)


def test_symbols_need_no_spaces() -> None:
    (condition,) = parse_claim("x where args.a>=5").conditions
    assert condition.path.text == "args.a" and condition.value == 5


def test_values_may_hold_the_words_of_the_grammar() -> None:
    claim = parse_claim('"odd tool" where args.a = " and without approval" without approval')
    assert claim.tool == "odd tool" and claim.without_approval
    assert claim.conditions[0].value == " and without approval"


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "starts with a tool"),
        ("pay wher args.a > 1", "expected `where`"),
        ("pay where amount > 1", "expected a path"),
        ("pay where args.a", "expected an operator"),
        ("pay where args.a > usd", 'in double quotes: "usd"'),
        ("pay where args.a > 1 or args.b > 1", "`and`, `without approval` or the end"),
        ("pay where args.a greater 1", "unknown operator `greater`"),
        ('pay where args.a regex "("', "never closed"),
        ("pay where time.hour > 24", "from 0 to 23"),
        ("pay where args.a > 9007199254740993", "differently"),
        ('pay where args.a > {"a": 1}', "a number or a string"),
        ('"pay where', "starts with a tool"),
        ("pay where args.a exists exists", "expected"),
        ("pay where args.a > " + "[" * 5000, "expected a JSON value"),
    ],
)
def test_a_text_that_is_no_claim_is_told_what_to_write(text: str, said: str) -> None:
    with pytest.raises(ClaimError) as error:
        parse_claim(text)
    assert said in str(error.value)
