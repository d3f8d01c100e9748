"""Where a held call stands, as a page for the person beside the agent.

Must not know who asks or how the page is reached.
"""

from starlette.responses import HTMLResponse

from handler.approvals.display import visible
from handler.approvals.lifecycle import Status
from handler.approvals.model import Approval
from handler.approvals.pages.layout import ending, shown
from handler.approvals.pages.outcome import OUTCOMES

WORDS = OUTCOMES | {
    Status.PENDING: ("Waiting for an answer", "calm", "An approver was asked by e-mail."),
    Status.APPROVED: ("Approved", "yes", "It runs once, and the agent receives the result."),
    Status.EXECUTING: ("Approved", "yes", "It is running."),
    Status.EXECUTED: ("Approved and run", "yes", "The agent receives the result."),
}
"""What an approver reads of an outcome, but where the agent's person asks something else."""


def page(approval: Approval | None) -> HTMLResponse:
    """The page of an approval, or of none."""
    if approval is None:
        return ending("Nothing is waiting here", "calm", "This page was never right.", status=404)
    title, name, sentence = WORDS[approval.status]
    tool = f'<span class="mono">{shown(visible(approval.tool))}</span>'
    return ending(title, name, sentence, f'<span class="soft">{tool}</span>')


def away() -> HTMLResponse:
    return ending("Please try again in a moment", "calm", "It cannot be read now.", status=503)
