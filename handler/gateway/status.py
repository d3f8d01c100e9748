"""The status page: where a held call stands, for the person beside the agent.

Must not know links or answers. Its address goes to the agent, so it proves nothing and decides
nothing: whoever opens it reads the tool's name and whether somebody has answered.
"""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from handler.approvals.display import visible
from handler.approvals.lifecycle import Status
from handler.approvals.model import Approval
from handler.approvals.pages.layout import ending, shown
from handler.approvals.service import Approvals
from handler.sealing import SealBroken, Sealer
from handler.stores.base import StoreUnavailable

CONTEXT = "status"

WORDS = {
    Status.PENDING: ("Waiting for an answer", "calm", "An approver was asked by e-mail."),
    Status.APPROVED: ("Approved", "yes", "It runs once, and the agent receives the result."),
    Status.EXECUTING: ("Approved", "yes", "It is running."),
    Status.EXECUTED: ("Approved and run", "yes", "The agent receives the result."),
    Status.REJECTED: ("Rejected", "no", "The call will not run."),
    Status.EXPIRED: ("Expired", "calm", "Nobody answered in time. The call will not run."),
    Status.WITHDRAWN: ("Withdrawn", "calm", "The question was taken back. The call will not run."),
    Status.FAILED: ("Not completed", "no", "The call was approved and did not complete."),
    Status.UNKNOWN: ("Outcome unknown", "no", "The call was sent, and no answer was seen."),
}


class StatusPages:
    """Makes the addresses of status pages and serves them. `base_url` is where agents come in."""

    def __init__(self, approvals: Approvals, sealer: Sealer, base_url: str) -> None:
        self._approvals, self._sealer = approvals, sealer
        self._base_url = base_url.rstrip("/")

    def url(self, approval: Approval) -> str:
        """The page of one approval; nobody can make the address of another one."""
        return f"{self._base_url}/status/{self._sealer.seal_text(approval.id.encode(), CONTEXT)}"

    def routes(self) -> list[Route]:
        return [Route("/status/{token}", self._show, methods=["GET"])]

    async def _show(self, request: Request) -> Response:
        try:
            id = self._sealer.open_text(request.path_params["token"], CONTEXT).decode()
            approval = await self._approvals.current(id)
        except SealBroken:
            approval = None
        except StoreUnavailable:
            return _away()
        return _gone() if approval is None else _page(approval)


def _page(approval: Approval) -> HTMLResponse:
    title, name, sentence = WORDS[approval.status]
    tool = f'<span class="mono">{shown(visible(approval.tool))}</span>'
    return ending(title, name, sentence, f'<span class="soft">{tool}</span>')


def _gone() -> HTMLResponse:
    return ending("Nothing is waiting here", "calm", "This page was never right.", status=404)


def _away() -> HTMLResponse:
    return ending("Please try again in a moment", "calm", "It cannot be read now.", status=503)
