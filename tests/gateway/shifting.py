"""An upstream whose tools a test changes while it runs: JSON-RPC over HTTP, without sessions."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.serving import in_a_thread
from tests.upstream import listening


def tool(name: str, description: str = "", **properties: str) -> dict[str, Any]:
    """A definition whose arguments have these types."""
    members = {key: {"type": kind} for key, kind in properties.items()}
    schema = {"type": "object", "properties": members}
    return {"name": name, "description": description, "inputSchema": schema}


@dataclass
class Shifting:
    """What it says, and what reached it."""

    url: str = ""
    tools: list[dict[str, Any]] = field(default_factory=list)
    page: int = 100
    """Tools on one page."""
    away: bool = False
    """Whether lists are refused."""
    calls: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    """Of every call."""
    lists: int = 0
    methods: set[str | None] = field(default_factory=set)
    """Every method that reached it; None is a reply."""
    instructions: str = ""

    async def serve(self, request: Request) -> Response:
        body = await request.json()
        self.methods.add(body.get("method"))
        if "id" not in body or "method" not in body:
            return Response(status_code=202)
        if body["method"] == "tools/call":
            self.headers.append(dict(request.headers))
        answer = {"resultType": "complete", **self._answer(body["method"], body["params"])}
        key = "error" if "code" in answer else "result"
        return JSONResponse({"jsonrpc": "2.0", "id": body["id"], key: answer})

    def _answer(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        if method == "tools/call":
            self.calls.append(params)
            return {"content": [{"type": "text", "text": json.dumps(params["arguments"])}]}
        if method == "server/discover":
            return {
                "supportedVersions": ["2026-07-28"],
                "capabilities": {"tools": {}, "resources": {}},
                "instructions": self.instructions,
            }
        if method != "tools/list" or self.away:
            return {"code": -32601, "message": "not here"}
        self.lists += 1
        cursor = str(params.get("cursor", 0))
        start = int(cursor) if cursor.isdecimal() else 0
        end = start + self.page
        more = {"nextCursor": str(end)} if end < len(self.tools) else {}
        return {"tools": self.tools[start:end], **more}


@contextmanager
def shifting() -> Iterator[Shifting]:
    found = Shifting()
    listener = listening()
    found.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = Starlette(routes=[Route("/mcp", found.serve, methods=["POST"])])
    with in_a_thread(app, listener):
        yield found
