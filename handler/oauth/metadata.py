"""Protected resource metadata (RFC 9728): where the tokens for a server come from.

Must not know tokens. Each server is a resource of its own; the form at the root is there only where
it can mean but one of them.
"""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from handler.stores.base import Registry, StoreUnavailable

if TYPE_CHECKING:  # what checks signatures is loaded only where tokens are accepted
    from handler.oauth.entrance import Entrance

WELL_KNOWN = "/.well-known/oauth-protected-resource"


class Metadata:
    """The documents; without an entrance there are none, and clients use the token they have."""

    def __init__(self, registry: Registry, entrance: "Entrance | None") -> None:
        self._registry, self._entrance = registry, entrance

    def routes(self) -> list[Route]:
        return [
            Route(WELL_KNOWN, self._root),
            Route(WELL_KNOWN + "/mcp/{server}", self._server),
            Route(WELL_KNOWN + "/{path:path}", _nothing),
        ]

    async def _root(self, request: Request) -> Response:
        if self._entrance is None:
            return Response(status_code=404)
        try:
            names = [server.name for server in await self._registry.servers()]
        except StoreUnavailable:
            return Response(status_code=503)
        return self._document(names[0]) if len(names) == 1 else Response(status_code=404)

    async def _server(self, request: Request) -> Response:
        if self._entrance is None:
            return Response(status_code=404)
        try:
            server = await self._registry.server(request.path_params["server"])
        except StoreUnavailable:
            return Response(status_code=503)
        return self._document(server.name) if server else Response(status_code=404)

    def _document(self, server: str) -> Response:
        assert self._entrance is not None
        return JSONResponse(
            {
                "resource": self._entrance.resource(server),
                "authorization_servers": [self._entrance.authority.issuer],
                "bearer_methods_supported": ["header"],
            },
            headers={"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"},
        )


def challenge(entrance: "Entrance", server: str) -> str:
    """The WWW-Authenticate of a 401 (2026-07-28, basic/authorization): where the document is."""
    base = entrance.resource(server).removesuffix(f"/mcp/{server}")
    return f'Bearer resource_metadata="{base}{WELL_KNOWN}/mcp/{server}"'


async def _nothing(request: Request) -> Response:
    return Response(status_code=404)
