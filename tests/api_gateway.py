"""API Gateway's HTTP API and Lambda before an application, as far as a client can tell.

Each request becomes a v2 event, which a container's Mangum handler answers whole. A container
serves one event at a time, on a thread and an event loop of its own, and shares nothing with the
others but the store. Repeated headers are folded with commas, `WWW-Authenticate` gets another name,
and 30 s are all there is.
"""

import asyncio
import base64
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from mangum import Mangum
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

CONTAINERS = 4

AGENTS = ("/mcp/", "/status/", "/.well-known/")
"""The paths that template.yaml routes to the gateway function."""

INTEGRATION_SECONDS = 30.0

RENAMED = {
    "www-authenticate": "x-amzn-remapped-www-authenticate",
    "content-length": "content-length",
}
"""What API Gateway may do to headers of an answer: clients must find their way without."""


class Container:
    """One Lambda container: a thread, its event loop, and a Mangum handler."""

    def __init__(self, app: Starlette) -> None:
        self._thread = ThreadPoolExecutor(1, "container")
        self._loop = asyncio.new_event_loop()
        self._thread.submit(asyncio.set_event_loop, self._loop).result()
        self._app = app
        # Made on the container's own thread: Mangum leaves a loop on a thread that has none.
        self._handler = self._thread.submit(Mangum, app, "off").result()

    def invoke(self, event: dict[str, Any]) -> Future[dict[str, Any]]:
        return self._thread.submit(self._handler, event, None)  # type: ignore[arg-type]

    def end(self) -> None:
        """Lambda only stops a container; a test also lets go of its connections."""
        self._thread.submit(self._loop.run_until_complete, self._app.state.close()).result()
        self._thread.submit(self._loop.close).result()
        self._thread.shutdown()


class ApiGateway:
    """Agents' requests go to containers of their own, all others to the application in front.

    `app.state.make` makes a container's application, whose `state.close` ends its connections.
    """

    def __init__(self, app: Starlette) -> None:
        self._app = app
        self._containers = [Container(app.state.make()) for _ in range(CONTAINERS)]
        self._idle = asyncio.Queue[Container]()
        for container in self._containers:
            self._idle.put_nowait(container)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or not scope["path"].startswith(AGENTS):
            try:
                await self._app(scope, receive, send)
            finally:
                if scope["type"] == "lifespan":
                    for container in self._containers:
                        container.end()
            return
        made = event(scope, await Request(scope, receive).body())
        container = await self._idle.get()
        try:
            async with asyncio.timeout(INTEGRATION_SECONDS):
                answer = await asyncio.wrap_future(container.invoke(made))
        finally:
            self._idle.put_nowait(container)
        await response(answer)(scope, receive, send)


def event(scope: Scope, body: bytes) -> dict[str, Any]:
    """The v2 event of one request (API Gateway, payload format version 2.0)."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    http = {
        "method": scope["method"],
        "path": scope["path"],
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": headers.get("user-agent", ""),
    }
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": scope["path"],
        "rawQueryString": scope["query_string"].decode("latin-1"),
        "headers": headers,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "api",
            "domainName": headers.get("host", ""),
            "domainPrefix": "api",
            "http": http,
            "requestId": "request",
            "routeKey": "$default",
            "stage": "$default",
            "time": "",
            "timeEpoch": 0,
        },
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def response(answer: dict[str, Any]) -> Response:
    """The HTTP response that a handler's answer becomes."""
    body = answer.get("body") or ""
    content = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    headers = {RENAMED.get(name.lower(), name): text for name, text in answer["headers"].items()}
    headers.pop("content-length", None)
    return Response(content, answer["statusCode"], headers=headers)
