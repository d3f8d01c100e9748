"""What an approver has to know about a held call, for the page and the mail alike. Pure.

Every text in a summary is safe to show (`display`); escaping for HTML is left to the pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from handler.approvals.display import cut, visible
from handler.approvals.listing import Listing
from handler.approvals.model import Answer, Approval
from handler.approvals.quorum import standings
from handler.approvals.resemblance import doubts

LONGEST_LABEL = 200
LONGEST_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that holds the call, and how far its answers are."""

    text: str
    rule: str
    line: int | None
    """Of the policy's source."""
    quorum: int
    given: tuple[str, ...]
    """Who said yes so far."""


@dataclass(frozen=True, slots=True)
class Said:
    """One answer as it is shown."""

    approver: str
    """With the operator who answered in their name, if one did."""
    approved: bool
    note: str
    at: float


@dataclass(frozen=True, slots=True)
class Summary:
    """One held call, ready to be shown."""

    id: str
    agent: str
    server: str
    tool: str
    flags: tuple[str, ...]
    """Sentences about words in the three names above that may be read as others."""
    arguments: Listing
    reasons: tuple[Reason, ...]
    revision: str
    asked_at: float
    deadline: float
    said: tuple[Said, ...]
    names_only: bool
    """Whether a mail shows the arguments' names only."""

    @property
    def one_yes_runs(self) -> bool:
        """Whether the next yes is surely the last: one rule, one yes missing."""
        return [reason.quorum - len(reason.given) for reason in self.reasons] == [1]


def summarise(approval: Approval, arguments: Listing, answers: Sequence[Answer]) -> Summary:
    """The summary of an approval with its arguments, as many of them as are to be shown."""
    names = (approval.grant_label or approval.grant_id, approval.server, approval.tool)
    agent, server, tool = (cut(visible(name), LONGEST_LABEL) for name in names)
    return Summary(
        id=approval.id,
        agent=agent,
        server=server,
        tool=tool,
        flags=tuple(flag for name in names for flag in doubts(name)),
        arguments=arguments,
        reasons=_reasons(approval, answers),
        revision=approval.revision,
        asked_at=approval.created_at,
        deadline=approval.deadline,
        said=tuple(_said(answer) for answer in answers),
        names_only=not all(hold.mail_arguments for hold in approval.holds),
    )


def _reasons(approval: Approval, answers: Sequence[Answer]) -> tuple[Reason, ...]:
    return tuple(
        Reason(
            text=cut(visible(standing.hold.reason), LONGEST_TEXT),
            rule=visible(standing.hold.place.rule),
            line=standing.hold.place.line,
            quorum=standing.hold.quorum,
            given=tuple(visible(address) for address in standing.given),
        )
        for standing in standings(approval.holds, answers, approval.grant_label)
    )


def _said(answer: Answer) -> Said:
    by = f" (given by the operator {visible(answer.operator)})" if answer.operator else ""
    return Said(visible(answer.approver) + by, answer.approved, visible(answer.note), answer.at)


def moment(time: float) -> str:
    """A time as approvers read it: `21 Nov 2026, 14:30 UTC`."""
    utc = datetime.fromtimestamp(time, tz=UTC)
    return f"{utc.day} {utc:%b %Y, %H:%M} UTC"


def span(seconds: float) -> str:
    """A stretch of time in its largest whole unit: `29 minutes`, `1 hour`, `less than a minute`."""
    for unit, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        count = int(seconds // unit)
        if count:
            return f"{count} {name}{'s' * (count != 1)}"
    return "less than a minute"
