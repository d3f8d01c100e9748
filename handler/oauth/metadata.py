"""Protected resource metadata (RFC 9728): where the tokens for a server come from.

Must not know tokens. Each server is a resource of its own; the form at the root is there only where
it can mean but one of them.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from handler.gateway.server import LONGEST_NAME
from handler.oauth.model import WELL_KNOWN, resource
from handler.stores.base import Registry, StoreUnavailable


class Metadata:
    """The documents; a server that names no authority has none: clients use the token they have."""

    def __init__(self, registry: Registry, base_url: str | None) -> None:
        """`base_url` is where clients reach the gateway; without it there is no document."""
        self._registry, self._base_url = registry, base_url

    def routes(self) -> list[Route]:
        return [
            Route(WELL_KNOWN, self._root),
            Route(WELL_KNOWN + "/mcp/{server}", self._server),
            Route(WELL_KNOWN + "/{path:path}", _nothing),
        ]

    async def _root(self, request: Request) -> Response:
        try:
            names = await self._registry.names()
        except StoreUnavailable:
            return Response(status_code=503)
        return await self._document(names[0]) if len(names) == 1 else await _nothing(request)

    async def _server(self, request: Request) -> Response:
        return await self._document(request.path_params["server"])

    async def _document(self, name: str) -> Response:
        if len(name) > LONGEST_NAME:
            return Response(status_code=404)
        try:
            server = await self._registry.server(name)
        except StoreUnavailable:
            return Response(status_code=503)
        if self._base_url is None or server is None or server.oauth is None:
            return Response(status_code=404)
        return JSONResponse(
            {
                "resource": resource(self._base_url, name),
                "authorization_servers": [server.oauth.issuer.url],
                "bearer_methods_supported": ["header"],
            },
            headers={"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"},
        )


async def _nothing(request: Request) -> Response:
    return Response(status_code=404)
