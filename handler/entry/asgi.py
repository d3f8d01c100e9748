"""An ASGI application that is made by its first request, behind Lambda's event.

What it needs may have to be asked for first (the sealing keys), and a container that never serves
should not ask.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from mangum import Mangum
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from handler.secrets import SecretMissing

log = logging.getLogger(__name__)

NOT_READY = PlainTextResponse("not ready to serve; try again in a minute\n", 503)


def lambda_handler(make: Callable[[], Awaitable[ASGIApp]]) -> Callable[[Any, Any], dict[str, Any]]:
    """A Lambda handler of HTTP API events around an application made when first needed."""
    made: list[ASGIApp] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if not made:
            try:
                made.append(await make())
            except SecretMissing as missing:
                log.error("nothing can be served: %s", missing)
                await NOT_READY(scope, receive, send)
                return
        await made[0](scope, receive, send)

    return Mangum(application, lifespan="off")
