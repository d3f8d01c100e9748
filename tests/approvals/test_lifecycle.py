"""The table of an approval's life, step by step."""

from itertools import product

import pytest

from handler.approvals.lifecycle import (
    OPEN,
    TRANSITIONS,
    Event,
    IllegalStep,
    Status,
    Terms,
    overdue,
    step,
)
from handler.approvals.model import Approval, Origin

TERMS = Terms(start_within=300, lease=120, repeats_for=600)
NOW = 1_000.0


def approval(status: Status, lease_until: float | None = None) -> Approval:
    return Approval(
        id="a",
        call_key="k",
        grant_id="g",
        grant_label="",
        server="s",
        tool="t",
        revision="r",
        holds=(),
        debits=(),
        origin=Origin("2025-11-25"),
        created_at=0.0,
        deadline=1_800.0,
        status=status,
        changed_at=500.0,
        version=7,
        lease_until=lease_until,
        detail="before",
    )


LEGAL = {(status, event) for status, events in TRANSITIONS.items() for event in events}
ILLEGAL = [pair for pair in product(Status, Event) if pair not in LEGAL]


@pytest.mark.parametrize(("status", "event"), ILLEGAL)
def test_a_step_that_the_table_does_not_know_is_refused(status: Status, event: Event) -> None:
    with pytest.raises(IllegalStep, match=f"an approval that is {status} cannot {event}"):
        step(approval(status), event, NOW, TERMS)


@pytest.mark.parametrize(("status", "event"), sorted(LEGAL))
def test_a_legal_step_moves_on_by_one_version(status: Status, event: Event) -> None:
    after = step(approval(status), event, NOW, TERMS)
    assert after.status is TRANSITIONS[status][event]
    assert after.version == 8


def test_every_status_that_is_final_answers_repeats_for_a_while_and_no_other_does() -> None:
    for status, event in LEGAL:
        after = step(approval(status), event, NOW, TERMS)
        assert after.answers_until == (1_600.0 if after.status.is_final else None)


def test_every_status_is_either_final_or_has_a_deadline_of_its_own() -> None:
    for status in Status:
        ends = overdue(approval(status, lease_until=600.0), 1e9, TERMS)
        assert (ends is not None) == (status in OPEN) == (not status.is_final)


def test_executing_holds_a_lease_and_nothing_else_keeps_it() -> None:
    executing = step(approval(Status.APPROVED), Event.START, NOW, TERMS)
    assert executing.lease_until == NOW + 120
    assert step(executing, Event.FINISH, NOW, TERMS).lease_until is None


def test_a_yes_of_several_changes_neither_the_status_nor_its_time_nor_the_mailing() -> None:
    after = step(approval(Status.PENDING, lease_until=1_030.0), Event.SUPPORT, NOW, TERMS)
    assert (after.status, after.changed_at, after.lease_until) == (Status.PENDING, 500.0, 1_030.0)


def test_a_step_without_a_detail_keeps_the_old_one() -> None:
    assert step(approval(Status.PENDING), Event.REJECT, NOW, TERMS).detail == "before"
    assert step(approval(Status.PENDING), Event.REJECT, NOW, TERMS, "no").detail == "no"


@pytest.mark.parametrize(
    ("status", "ends_at", "event"),
    [
        (Status.PENDING, 1_800.0, Event.EXPIRE),
        (Status.APPROVED, 800.0, Event.REFUSE),
        (Status.EXECUTING, 620.0, Event.LOSE),
    ],
)
def test_a_deadline_counts_from_its_very_second(
    status: Status, ends_at: float, event: Event
) -> None:
    waiting = approval(status, lease_until=620.0)
    assert overdue(waiting, ends_at - 0.001, TERMS) is None
    assert overdue(waiting, ends_at, TERMS) is event


def test_nothing_leads_back_to_sending() -> None:
    """Once a call was sent, no chain of events sends it again."""
    reached, todo = set[Status](), [Status.EXECUTING]
    while todo:
        for after in TRANSITIONS[todo.pop()].values():
            if after not in reached:
                reached.add(after)
                todo.append(after)
    assert not reached & {Status.PENDING, Status.APPROVED, Status.EXECUTING}
