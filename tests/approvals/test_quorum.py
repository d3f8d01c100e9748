"""Several rules, each with its own approvers and number of yeses."""

from handler.approvals.model import Answer
from handler.approvals.quorum import asked, satisfied, standings, unanswerable
from tests.approvals.world import hold


def said(approver: str, approved: bool = True) -> Answer:
    return Answer("a", approver, approver, approved, "", 0.0)


def yes(*approvers: str) -> list[Answer]:
    return [said(approver) for approver in approvers]


def test_each_rule_needs_its_own_approvers() -> None:
    holds = [hold("a@x"), hold("b@x")]
    assert not satisfied(holds, yes("a@x"), "")
    assert satisfied(holds, yes("a@x", "b@x"), "")


def test_one_yes_counts_for_every_rule_that_lists_its_giver() -> None:
    holds = [hold("a@x", "b@x"), hold("a@x", "c@x")]
    assert satisfied(holds, yes("a@x"), "")
    assert not satisfied(holds, yes("b@x"), "")


def test_a_quorum_of_two_needs_two_people_and_not_two_spellings_of_one() -> None:
    holds = [hold("a@x", "A@X", "b@x", quorum=2)]
    assert not satisfied(holds, yes("a@x", "A@X"), "")
    assert satisfied(holds, yes("A@x", "b@x"), "")


def test_a_yes_from_somebody_no_rule_lists_counts_for_nothing() -> None:
    assert not satisfied([hold("a@x")], yes("m@x"), "")


def test_one_rejection_ends_it_whatever_else_was_said() -> None:
    assert not satisfied([hold("a@x", "b@x")], [*yes("a@x"), said("b@x", approved=False)], "")


def test_the_requester_is_neither_asked_nor_counted() -> None:
    holds = [hold("me@x", "b@x", "c@x", quorum=2)]
    assert asked(holds, "Me@X") == ("b@x", "c@x")
    assert not satisfied(holds, yes("me@x", "b@x"), "ME@x")
    assert satisfied(holds, yes("c@x", "b@x"), "me@x")


def test_everybody_is_asked_once() -> None:
    assert asked([hold("a@x", "b@x"), hold("B@x", "c@x")], "") == ("a@x", "b@x", "c@x")


def test_a_standing_names_who_said_yes() -> None:
    (standing,) = standings([hold("a@x", "b@x", quorum=2)], yes("B@X"), "")
    assert (standing.given, standing.satisfied) == (("b@x",), False)


def test_a_rule_with_too_few_people_left_to_ask_is_named() -> None:
    two = hold("a@x", "b@x", quorum=2)
    assert unanswerable([two], "") is None
    assert unanswerable([hold("c@x"), two], "b@x") == two
    assert unanswerable([two], "", unreachable=["A@x"]) == two
    assert unanswerable([hold(quorum=0, approvers=())], "") is not None
