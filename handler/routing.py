"""An ASGI application of routes, each under one spelling of its path.

Must not know what the routes are for. A path spelled otherwise is not there: a redirect would send
a client on with its token, and to `http` where TLS ends in front of us.
"""

from collections.abc import Callable, Sequence
from functools import cache

from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp, Receive, Scope, Send

NOT_THERE = PlainTextResponse("Not Found", 404)


def application(
    routes: Sequence[BaseRoute], others: Callable[[], Sequence[BaseRoute]] | None = None
) -> ASGIApp:
    """The routes and nothing else: what fails in one is the server's to answer, with a bare 500.

    `others` is asked for with the first path that is none of them.
    """
    inner = Router(routes, default=_later(others) if others else None, redirect_slashes=False)

    async def outer(scope: Scope, receive: Receive, send: Send) -> None:
        # No path of ours needs an escape; what is in front of us may read one in another way.
        spelled = scope.get("raw_path") or b""
        await (NOT_THERE if b"%" in spelled else inner)(scope, receive, send)

    return outer


def _later(routes: Callable[[], Sequence[BaseRoute]]) -> ASGIApp:
    made = cache(lambda: Router(routes(), redirect_slashes=False))

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await made()(scope, receive, send)

    return serve
