"""An ASGI application that is made by its first request, behind Lambda's event and answer.

What it needs may have to be asked for first (the sealing keys), and a container that never serves
should not ask.
"""

import base64
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from mangum import Mangum
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from handler import deadline
from handler.failure import CannotRun
from handler.secrets import SecretMissing

log = logging.getLogger(__name__)

NOT_READY = PlainTextResponse("not ready to serve; try again in a minute\n", 503)

SECONDS = 27.0
"""From the event to its answer. The front door waits for 30, a cold start included."""

LARGEST_TEXT = 2_000_000
"""Bytes of a body that goes as text: a JSON string has three for each at most."""

LARGEST_BODY = 4_690_000
"""Bytes. A larger body goes in base64, four for three whatever it holds. Lambda answers 6,291,456
bytes of JSON ("Lambda quotas"), of which some 38,000 are left for headers."""

LARGEST_ANSWER = 4_600_000
"""Bytes of an upstream's answer: it fits into ours, with room for what the gateway adds."""


def lambda_handler(make: Callable[[], Awaitable[ASGIApp]]) -> Callable[[Any, Any], dict[str, Any]]:
    """A Lambda handler of HTTP API events. `make` gives the application to each request."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            made = await make()
        except (SecretMissing, CannotRun) as missing:
            log.error("nothing can be served: %s", missing)
            made = NOT_READY
        await made(scope, receive, send)

    serve = Mangum(application, lifespan="off")

    def handler(event: Any, context: Any) -> dict[str, Any]:
        with deadline.within(SECONDS):
            return fitting(serve(event, context))

    return handler


def fitting(answer: dict[str, Any]) -> dict[str, Any]:
    """The same answer, in base64 where as text it might have more than Lambda takes."""
    body = b"" if answer["isBase64Encoded"] else answer["body"].encode()
    if len(body) <= LARGEST_TEXT:
        return answer
    return {**answer, "body": base64.b64encode(body).decode(), "isBase64Encoded": True}
