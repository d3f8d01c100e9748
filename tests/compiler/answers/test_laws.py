"""Laws of diff and prove: random calls never contradict what was said to hold for all calls."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.answers.claim import Claim
from compiler.answers.diff import LEVELS, Difference, diff
from compiler.answers.prove import prove
from compiler.answers.relation import Relation
from compiler.meaning import Facts, Meaning, answer
from compiler.policy import Policy
from compiler.truth import Truth
from compiler.verdict import Call, Effect, Subject, Verdict
from tests.compiler.answers.pairs import calls, conditions, edited, pairs, policy, subjects
from tests.strategies import Document, times


def claims(conditions: list[Document], without: bool) -> Claim:
    read = policy(
        {
            "version": "1",
            "default": "allow",
            "all_tools": {"require": [{"conditions": conditions}]},
        }
    )
    return Claim("", "pay", read.all_tools.require[0].conditions, without)


Asked = tuple[Call, Subject, float]
asked = st.lists(st.tuples(calls, subjects, times), min_size=1, max_size=8)

OPPOSITES = {Relation.WIDER: Relation.NARROWER, Relation.NARROWER: Relation.WIDER}


def effects(found: Difference) -> set[Relation]:
    return {one.relation for one in found.changes}


def held_terms(verdict: Verdict) -> set[object]:
    return {(frozenset(one.approvers), one.quorum, one.expires_in) for one in verdict.holds}


def check(found: Difference, old: Policy, new: Policy, call: Asked) -> None:
    before, after = Meaning(old).decide(*call), Meaning(new).decide(*call)
    step = LEVELS[after.effect] - LEVELS[before.effect]
    if found.relation in (Relation.EQUAL, Relation.NARROWER):
        assert step <= 0, call
        assert step or held_terms(before) <= held_terms(after), call
    if found.relation in (Relation.EQUAL, Relation.WIDER):
        assert step >= 0, call
        assert step or held_terms(before) >= held_terms(after), call
    if found.relation is Relation.EQUAL:
        assert sorted(map(str, before.charges)) == sorted(map(str, after.charges)), call
    wanted = Relation.WIDER if step > 0 else Relation.NARROWER
    doubted = {one.relation for one in found.undecided}
    if step and doubted.isdisjoint((wanted, Relation.NOT_DECIDED)):
        assert wanted in effects(found), call


@given(pairs, asked)
@settings(max_examples=100)
def test_no_call_contradicts_a_difference(both: tuple[Policy, Policy], calls: list[Asked]) -> None:
    found = diff(*both)
    for call in calls:
        check(found, *both, call)


@given(edited(), asked)
@settings(max_examples=100)
def test_no_call_contradicts_the_difference_of_an_edit(
    both: tuple[Policy, Policy], calls: list[Asked]
) -> None:
    found = diff(*both)
    for call in calls:
        check(found, *both, call)


@pytest.mark.full
@given(pairs, asked)
@settings(max_examples=1_500)
def test_no_call_contradicts_a_difference_at_length(
    both: tuple[Policy, Policy], calls: list[Asked]
) -> None:
    found = diff(*both)
    for call in calls:
        check(found, *both, call)


@given(pairs)
@settings(max_examples=60)
def test_a_policy_equals_itself_and_differences_have_two_sides(
    both: tuple[Policy, Policy],
) -> None:
    old, new = both
    assert diff(old, old).relation is Relation.EQUAL
    there, back = diff(old, new).relation, diff(new, old).relation
    assert back is OPPOSITES.get(there, there)


@given(edited(), st.lists(conditions(), max_size=2), st.booleans(), asked)
@settings(max_examples=100)
def test_no_call_contradicts_a_proof(
    both: tuple[Policy, Policy],
    meant: list[Document],
    without: bool,
    calls: list[Asked],
) -> None:
    claim = claims(meant, without)
    proof = prove(both[0], claim)
    ruled_out = (Effect.ALLOW,) if without else (Effect.ALLOW, Effect.REQUIRE_APPROVAL)
    for call, subject, now in calls:
        facts = Facts.of(call, subject, now)
        met = all(answer(one, facts, (Truth.TRUE,)) is Truth.TRUE for one in claim.conditions)
        if met and call.tool == "pay" and proof.holds:
            verdict = Meaning(both[0]).decide(call, subject, now)
            fits = all(charge.cost <= charge.maximum for charge in verdict.charges)
            assert verdict.effect not in ruled_out or not fits, call
