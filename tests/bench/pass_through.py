"""The floor for a gateway: Starlette and httpx, which hand each request on and decide nothing.

`python -m tests.bench.pass_through UPSTREAM` prints its URL, and serves until SIGTERM.
"""

import sys

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.upstream import listening

KEPT = ("accept", "content-type", "mcp-protocol-version", "mcp-method", "mcp-name")


def app(upstream: str) -> Starlette:
    client = httpx2.AsyncClient()

    async def serve(request: Request) -> Response:
        headers = {name: request.headers[name] for name in KEPT if name in request.headers}
        answer = await client.post(upstream, content=await request.body(), headers=headers)
        return Response(
            answer.content, answer.status_code, media_type=answer.headers["content-type"]
        )

    return Starlette(routes=[Route("/mcp", serve, methods=["POST"])])


def main() -> None:
    listener = listening()
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
    config = uvicorn.Config(app(sys.argv[1]), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
