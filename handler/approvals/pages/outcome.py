"""The short pages: what became of an answer, and what every closed link looks like. Pure."""

from starlette.responses import HTMLResponse

from handler.approvals.display import visible
from handler.approvals.lifecycle import Status, Terms
from handler.approvals.model import Approval
from handler.approvals.pages.layout import ending, shown
from handler.approvals.pages.question import again
from handler.approvals.summary import moment

RUNNING = "It runs once, and the agent receives the result."

OUTCOMES = {
    Status.PENDING: ("Your approval is recorded", "yes", "The call waits for other approvers."),
    Status.APPROVED: ("Approved", "yes", RUNNING),
    Status.EXECUTING: ("Approved", "yes", RUNNING),
    Status.EXECUTED: ("Approved and run", "yes", "The service has answered."),
    Status.REJECTED: ("Rejected", "no", "The call will not run."),
    Status.EXPIRED: ("Expired", "calm", "Nobody answered in time. The call will not run."),
    Status.WITHDRAWN: ("Withdrawn", "calm", "The question was taken back. The call will not run."),
    Status.FAILED: ("Not completed", "no", "The call was approved and did not complete."),
    Status.UNKNOWN: ("Outcome unknown", "no", "The call was sent, and no answer was seen."),
}


def recorded(approval: Approval) -> HTMLResponse:
    """After an answer that counts, or where this approver has answered already."""
    title, name, sentence = OUTCOMES[approval.status]
    return ending(title, name, sentence, _call(approval))


def decided(approval: Approval, status: int) -> HTMLResponse:
    """The outcome, for whoever answers or looks after the call was decided."""
    title, name, sentence = OUTCOMES[approval.status]
    if approval.status is Status.PENDING:
        return ending(
            "Already answered", "calm", "This link was used.", _call(approval), status=status
        )
    return ending(
        f"Already decided: {title.lower()}", name, sentence, _call(approval), status=status
    )


def closed() -> HTMLResponse:
    """Wrong, used and expired links all look like this, to the byte."""
    return ending(
        "This link is not open",
        "calm",
        "It was used, has expired, or was never right. "
        "If you still have to answer, ask for the call to be made again.",
        status=404,
    )


def foreign() -> HTMLResponse:
    """A form that did not come from the page behind its link."""
    return ending(
        "Nothing was decided",
        "no",
        "The answer did not come from the approval page. Open the link in your mail again.",
        status=403,
    )


def malformed() -> HTMLResponse:
    """A form that says neither yes nor no, or too much."""
    return ending(
        "Nothing was decided",
        "no",
        "The form could not be read. Open the link in your mail again.",
        status=400,
    )


def not_started(approval: Approval, token: str, terms: Terms) -> HTMLResponse:
    """Approved, and whoever runs the call could not be told: the button tells them again.

    `token` is the form's; the answer it sends changes nothing that is kept.
    """
    until = moment(approval.changed_at + terms.start_within)
    return ending(
        "Approved, not started yet",
        "calm",
        "The approval is kept. The gateway could not be told to run the call. Press again: it "
        "still runs once at most.",
        f"If nobody does by {until}, the call will not run.",
        _call(approval),
        status=503,
        form=again(token),
    )


def away() -> HTMLResponse:
    """We cannot show the call just now."""
    return ending(
        "Please try again in a moment",
        "calm",
        "The call cannot be read just now. Opening the link decides nothing.",
        status=503,
    )


def unsure() -> HTMLResponse:
    """The store broke off while an answer was given: it may have been kept."""
    return ending(
        "Please try again in a moment",
        "calm",
        "It is not known whether your answer was kept. Go back and press again: it counts once, "
        "and you will see how the call stands.",
        status=503,
    )


def _call(approval: Approval) -> str:
    tool, label = visible(approval.tool), visible(approval.grant_label or approval.grant_id)
    return f'<span class="soft"><span class="mono">{shown(tool)}</span> for {shown(label)}</span>'
