"""Held calls as operators see them, and the answers that operators give.

An operator's yes counts as the yes of the approver in whose name it is given, who must be one that
the call's rules ask; an operator may always say no. Both are kept with the operator's own name.
"""

from dataclasses import dataclass

from handler.admin.naming import not_there
from handler.approvals import quorum
from handler.approvals.desk import Desk, Recorded
from handler.approvals.lifecycle import Status, Terms, as_of
from handler.approvals.model import Answer, Approval
from handler.failure import CannotRun
from handler.stores.base import Answers, NotAllowed
from handler.stores.ledger import Ledger

NEWEST = 1_000
"""How many approvals are looked through for one of this id's beginning."""

SHORTEST = 4
"""Characters of an id that may name it."""


@dataclass(frozen=True, slots=True)
class Held:
    """One held call, and what was answered."""

    approval: Approval
    answers: tuple[Answer, ...] | None
    """None where whoever asks has no right to them."""


async def listed(
    ledger: Ledger, now: float, terms: Terms, *, limit: int, everything: bool
) -> list[Approval]:
    """Approvals as of now: the open ones oldest first, or the newest of all newest first."""
    found = await (ledger.approvals(limit) if everything else ledger.unfinished())
    current = [as_of(approval, now, terms) for approval in found]
    return [a for a in current if everything or not a.status.is_final][:limit]


async def named(ledger: Ledger, start: str) -> Approval:
    """The approval whose id is or starts like this. Raises `CannotRun`."""
    exact = await ledger.approval(start)
    if exact is not None:
        return exact
    recent = {a.id: a for a in (*await ledger.unfinished(), *await ledger.approvals(NEWEST))}
    found = [approval for approval_id, approval in recent.items() if approval_id.startswith(start)]
    if not found:
        raise CannotRun(not_there("held call", start, recent, "holdpoint approvals list --all"))
    if len(start) < SHORTEST or len(found) > 1:
        raise CannotRun(f"`{start}` names no one held call: give more of its id")
    return found[0]


async def shown(ledger: Ledger, answers: Answers, start: str, now: float, terms: Terms) -> Held:
    """One held call as of now, with as much as the identity may see. Raises `CannotRun`."""
    approval = as_of(await named(ledger, start), now, terms)
    try:
        return Held(approval, tuple(await answers.answers(approval.id)))
    except NotAllowed:
        return Held(approval, None)


async def approve(desk: Desk, held: Held, approver: str, note: str, operator: str) -> Recorded:
    """Say yes in an approver's name. What counts then; raises `CannotRun`.

    A call that is approved and not started is only told of once more to whoever runs it.
    """
    if held.approval.status is Status.APPROVED:
        return Recorded(held.approval, await desk.tell(held.approval))
    approval = _open(held)
    asked = quorum.asked(approval.holds, approval.grant_label)
    listed = {quorum.person(address): address for address in asked}
    if quorum.person(approver) not in listed:
        raise CannotRun(
            f"`{approver}` is not asked about this call; give --as one of: {', '.join(asked)}"
        )
    given = held.answers or ()  # without the right to them nobody can answer either
    if quorum.person(approver) in {quorum.person(answer.approver) for answer in given}:
        raise CannotRun(
            f"`{approver}` has answered already, and nobody counts twice; "
            "give --as another approver of the call"
        )
    return await _answer(desk, approval, listed[quorum.person(approver)], True, note, operator)


async def reject(
    desk: Desk, held: Held, approver: str | None, note: str, operator: str
) -> Recorded:
    """Say no, in an approver's name or the operator's own. Raises `CannotRun`."""
    return await _answer(desk, _open(held), approver or operator, False, note, operator)


async def _answer(
    desk: Desk, approval: Approval, approver: str, approved: bool, note: str, operator: str
) -> Recorded:
    outcome = await desk.answer_for(approval.id, approver, approved, note, operator)
    if isinstance(outcome, Recorded):
        return outcome
    if outcome is None:
        raise CannotRun(f"the held call {approval.id} is gone")
    raise CannotRun(_over(outcome.approval))


def _open(held: Held) -> Approval:
    if held.approval.status is not Status.PENDING:
        raise CannotRun(_over(held.approval))
    return held.approval


def _over(approval: Approval) -> str:
    return f"this call waits for nobody any more: it is {approval.status}"
