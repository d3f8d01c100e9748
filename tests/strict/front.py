"""The HTTP API in front of the functions: a request becomes an event (payload 2.0), an answer HTTP.

Source: "Create AWS Lambda proxy integrations for HTTP APIs" in the API Gateway developer guide.
"""

import base64
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from tests.strict.runtime import Function


class Front:
    """Serves routes such as `/mcp/{server}`, each by a function."""

    def __init__(self) -> None:
        self.url = ""
        self.routes: dict[str, Function] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Front"]:
        app = web.Application(client_max_size=10 * 2**20)
        app.router.add_route("*", "/{path:.*}", self._serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        function = next(
            (each for prefix, each in self.routes.items() if request.path.startswith(prefix)), None
        )
        if function is None:
            return web.json_response({"message": "Not Found"}, status=404)
        answer = await function.invoke(json.dumps(event(request, await request.read())).encode())
        if answer.failed:
            return web.json_response({"message": "Internal Server Error"}, status=500)
        return response(json.loads(answer.body))


def event(request: web.Request, body: bytes) -> dict[str, Any]:
    """The event of one request; header names are lower case, repeated ones joined."""
    headers = {
        name.lower(): ",".join(request.headers.getall(name)) for name in {*request.headers.keys()}
    }
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": request.query_string,
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "domainName": request.host,
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": f"front-{time.monotonic_ns()}",
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": int(time.time() * 1000),
        },
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def response(answer: Mapping[str, Any]) -> web.Response:
    """What the function's answer says."""
    body = answer.get("body", "")
    content = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    headers = CIMultiDict(answer.get("headers", {}))
    for cookie in answer.get("cookies", ()):
        headers.add("Set-Cookie", cookie)
    return web.Response(status=answer["statusCode"], body=content, headers=headers)
