"""The floor for a gateway: Starlette and httpx, which hand each request on and decide nothing.

`python -m tests.bench.pass_through UPSTREAM` prints `{"url"}` on its first line, then the seconds
of CPU it has used for each line it reads, until standard input ends.
"""

import json
import sys
import threading
import time

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
    config = uvicorn.Config(app(sys.argv[1]), log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"}), flush=True)
    for _ in sys.stdin:
        print(json.dumps({"cpu": time.process_time()}), flush=True)
    server.should_exit = True
    thread.join()


if __name__ == "__main__":
    main()
