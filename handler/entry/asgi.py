"""An ASGI application that is made by its first request, behind Lambda's event.

What it needs may have to be asked for first (the sealing keys), and a container that never serves
should not ask.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from mangum import Mangum
from starlette.types import ASGIApp, Receive, Scope, Send


def lambda_handler(make: Callable[[], Awaitable[ASGIApp]]) -> Callable[[Any, Any], dict[str, Any]]:
    """A Lambda handler of HTTP API events around an application made when first needed."""
    made: list[ASGIApp] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if not made:
            made.append(await make())
        await made[0](scope, receive, send)

    return Mangum(application, lifespan="off")
