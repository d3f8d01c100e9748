"""Which rules are satisfied by which answers. Pure.

Each rule asks for its own number of yeses from its own approvers. One yes counts for every rule
that lists its giver, one rejection ends the approval, and nobody counts twice or for a call of
their own.
"""

from collections.abc import Collection, Sequence

from compiler.frozen import dataclass
from compiler.verdict import Hold
from handler.approvals.lifecycle import Event
from handler.approvals.model import Answer, Approval


@dataclass(frozen=True, slots=True)
class Standing:
    """How far one rule is: who said yes, as the rule writes them, and how many it asks for."""

    hold: Hold
    given: tuple[str, ...]

    @property
    def satisfied(self) -> bool:
        return len(self.given) >= self.hold.quorum


def person(address: str) -> str:
    """An address as it is compared: whoever reads the mail does not depend on letter case."""
    return address.strip().casefold()


def asked(holds: Sequence[Hold], requester: str) -> tuple[str, ...]:
    """Everybody the holds ask, once, as first written; never the requester."""
    people: dict[str, str] = {}
    for hold in holds:
        for address in hold.approvers:
            people.setdefault(person(address), address)
    people.pop(person(requester), None)
    return tuple(people.values())


def standings(
    holds: Sequence[Hold], answers: Sequence[Answer], requester: str
) -> tuple[Standing, ...]:
    """How far each hold is, in order."""
    yes = {person(answer.approver) for answer in answers if answer.approved}
    return tuple(
        Standing(hold, tuple(a for a in asked([hold], requester) if person(a) in yes))
        for hold in holds
    )


def satisfied(holds: Sequence[Hold], answers: Sequence[Answer], requester: str) -> bool:
    """Whether nobody rejected and every hold has its yeses."""
    if not all(answer.approved for answer in answers):
        return False
    return all(standing.satisfied for standing in standings(holds, answers, requester))


def unanswerable(
    holds: Sequence[Hold], requester: str, unreachable: Collection[str] = ()
) -> Hold | None:
    """The first hold that can never be satisfied: too few people are left to ask."""
    gone = {person(address) for address in unreachable}
    for hold in holds:
        left = [a for a in asked([hold], requester) if person(a) not in gone]
        if len(left) < max(hold.quorum, 1):
            return hold
    return None


def event(approval: Approval, answers: Sequence[Answer]) -> Event:
    """What the answers, the newest included, do to a pending approval."""
    if not all(answer.approved for answer in answers):
        return Event.REJECT
    done = satisfied(approval.holds, answers, approval.grant_label)
    return Event.APPROVE if done else Event.SUPPORT
