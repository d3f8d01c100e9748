"""The address of a held call's status page, and who opens it.

Must not know links or answers. The address goes to the agent, so it proves nothing and decides
nothing: whoever opens it reads the tool's name and whether somebody has answered.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handler.approvals.model import Approval
from handler.sealing import SealBroken, Sealer
from handler.stores.base import StoreUnavailable

if TYPE_CHECKING:
    from handler.approvals.service import Approvals

CONTEXT = "status"


class StatusPages:
    """Makes the addresses of status pages and serves them. `base_url` is where agents come in."""

    def __init__(self, approvals: "Callable[[], Approvals]", sealer: Sealer, base_url: str) -> None:
        self._approvals, self._sealer = approvals, sealer
        self._base_url = base_url.rstrip("/")

    def url(self, approval: Approval) -> str:
        """The page of one approval; nobody can make the address of another one."""
        return f"{self._base_url}/status/{self._sealer.seal_text(approval.id.encode(), CONTEXT)}"

    def routes(self) -> list[Route]:
        return [Route("/status/{token}", self._show, methods=["GET"])]

    async def _show(self, request: Request) -> Response:
        from handler.approvals.pages import standing  # only people open it

        try:
            id = self._sealer.open_text(request.path_params["token"], CONTEXT).decode()
            return standing.page(await self._approvals().current(id))
        except SealBroken:
            return standing.page(None)
        except StoreUnavailable:
            return standing.away()
