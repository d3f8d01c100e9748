"""How approved calls are sent: once, without capabilities, in the era of the request."""

import asyncio
import base64
import json
import re
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from compiler.verdict import Hold, Place
from handler.approvals.lifecycle import Status
from handler.approvals.model import Approval, Origin
from handler.approvals.ports import Execution, Sent
from handler.clock import SystemClock
from handler.gateway.bounds import Bounds
from handler.gateway.execute import UpstreamExecutor
from handler.gateway.server import Server, Sessions
from handler.gateway.watch import Watch
from handler.secrets import Secrets
from handler.stores.sqlite.store import SQLiteStore
from tests.gateway.shifting import tool
from tests.gateway.test_upstreams import answer, scripted
from tests.gateway.world import LEGACY, MODERN, Adapter, both
from tests.patience import PATIENCE

APPROVAL = Approval(
    id="a1",
    call_key="0" * 64,
    grant_id="g1",
    grant_label="agent",
    server="crm",
    tool="create_charge",
    revision="0" * 64,
    holds=(Hold(Place("/tools/create_charge/approve_if/always"), "", ("a@b.c",), 1, 60),),
    debits=(),
    origin=Origin(MODERN),
    created_at=0,
    deadline=60,
    status=Status.EXECUTING,
    changed_at=0,
)
LEGACY_APPROVAL = replace(APPROVAL, origin=Origin(LEGACY, "session-1"))
RESULT = {"content": [{"type": "text", "text": "done"}], "big": 12345678901234567890123}


def response(result: dict[str, Any], **headers: str) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", "id": "holdpoint-a1", "result": result})
    extra = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return answer("200 OK", body, extra=extra)


PLAIN = json.dumps(tool("create_charge"))


def executed(
    adapter: Adapter,
    folder: Path,
    approval: Approval,
    url: str,
    sessions: Sessions = Sessions.OWN,
    definition: str | None = PLAIN,
    arguments: dict[str, Any] | None = None,
) -> Execution:
    """Execute the approval; `definition` is what an agent's list said the tool is."""

    async def run() -> Execution:
        store, clock = SQLiteStore(folder / "store.db"), SystemClock()
        server = Server("crm", url, private_network=True, sessions=sessions)
        await store.registry.publish([], [server])
        upstream = adapter(Secrets({}), Bounds(upstream_seconds=PATIENCE))
        watch = Watch(store.definitions, upstream, clock)
        if definition is not None:
            await watch.note(server, {"create_charge": definition}, whole=True)
        executor = UpstreamExecutor(store.registry, upstream, watch)
        try:
            return await executor.execute(approval, arguments or {"x": 1})
        finally:
            await upstream.close()
            await store.close()

    return asyncio.run(run())


@both
def test_a_result_is_kept_digit_for_digit_and_no_capability_was_declared(
    tmp_path: Path, adapter: Adapter
) -> None:
    with scripted(response(RESULT)) as (url, requests):
        found = executed(adapter, tmp_path, APPROVAL, url)
    assert (found.sent, found.result) == (Sent.FINISHED, RESULT)
    assert b'"io.modelcontextprotocol/clientCapabilities":{}' in requests[0]
    assert b"mcp-name: create_charge" in requests[0].lower()


@both
def test_a_state_that_needs_no_input_is_brought_back_and_a_question_ends_the_call(
    tmp_path: Path, adapter: Adapter
) -> None:
    again = {"resultType": "input_required", "requestState": "s1"}
    asked = {**again, "inputRequests": {"a": {"method": "elicitation/create"}}}
    with scripted(response(again), response(RESULT)) as (url, requests):
        assert executed(adapter, tmp_path, APPROVAL, url).sent is Sent.FINISHED
        assert b'"requestState":"s1"' in requests[1]
    with scripted(response(asked)) as (url, _):
        assert executed(adapter, tmp_path, APPROVAL, url).sent is Sent.FAILED
    with scripted(*[response(again)] * 11) as (url, requests):
        assert executed(adapter, tmp_path, APPROVAL, url).sent is Sent.FAILED
    assert len(requests) == 11


class Leaving(BaseHTTPRequestHandler):
    """Asks to be called again, and is there for nobody any more."""

    def do_POST(self) -> None:
        self.server.server_close()
        self.rfile.read(int(self.headers["Content-Length"]))
        self.wfile.write(response({"resultType": "input_required", "requestState": "s1"}))

    def log_message(self, format: str, *args: object) -> None:
        pass


@both
def test_an_upstream_that_leaves_between_two_legs_may_have_run_the_call(
    tmp_path: Path, adapter: Adapter
) -> None:
    server = HTTPServer(("127.0.0.1", 0), Leaving)
    serving = threading.Thread(target=server.handle_request)
    serving.start()
    url = f"http://127.0.0.1:{server.server_port}/mcp"
    assert executed(adapter, tmp_path, APPROVAL, url).sent is Sent.LOST
    serving.join()


@both
def test_a_session_that_is_over_ends_the_call_unsent_unless_sessions_are_interchangeable(
    tmp_path: Path, adapter: Adapter
) -> None:
    gone = answer("404 Not Found", "")
    opened = json.dumps({"jsonrpc": "2.0", "id": "holdpoint-initialize", "result": {}})
    script = (
        gone,
        answer("200 OK", opened, extra="Mcp-Session-Id: session-2\r\n"),
        answer("202 Accepted", ""),
        response(RESULT),
    )
    with scripted(gone) as (url, requests):
        assert executed(adapter, tmp_path, LEGACY_APPROVAL, url).sent is Sent.FAILED
        assert b"session-1" in requests[0]
    with scripted(*script) as (url, requests):
        found = executed(adapter, tmp_path, LEGACY_APPROVAL, url, Sessions.INTERCHANGEABLE)
    assert found.sent is Sent.FINISHED
    assert [b"session-2" in request for request in requests] == [False, False, True, True]


@both
def test_an_upstream_that_is_away_was_never_reached_and_a_broken_answer_is_lost(
    tmp_path: Path, adapter: Adapter
) -> None:
    with scripted(b"") as (url, _):
        assert executed(adapter, tmp_path, APPROVAL, url).sent is Sent.LOST
    assert (
        executed(adapter, tmp_path, APPROVAL, "http://127.0.0.1:1/mcp").sent is Sent.NEVER_REACHED
    )


def base64_of(text: str) -> str:
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="


MIRRORED = {
    "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "deep": {"properties": {"n": {"type": "integer", "x-mcp-header": "N"}}},
        "ready": {"type": "boolean", "x-mcp-header": "Ready"},
        "gone": {"type": "string", "x-mcp-header": "Gone"},
        "items": {"items": {"type": "string", "x-mcp-header": "Item"}},
    }
}
ARGUMENTS = {"region": "Zürich ", "deep": {"n": 7}, "ready": False, "gone": None, "items": ["x"]}


@both
@pytest.mark.parametrize("listed", [True, False])
def test_an_approved_call_carries_the_headers_that_its_tool_s_schema_asks_for(
    adapter: Adapter, tmp_path: Path, listed: bool
) -> None:
    """Whether an agent has listed the tool before, or the gateway must ask itself."""
    whole = {**tool("create_charge"), "inputSchema": MIRRORED}
    page = {"jsonrpc": "2.0", "id": "holdpoint-list", "result": {"tools": [whole]}}
    script = [answer("200 OK", json.dumps(page)), response(RESULT)][1 if listed else 0 :]
    definition = json.dumps(whole) if listed else None
    with scripted(*script) as (url, requests):
        found = executed(
            adapter, tmp_path, APPROVAL, url, definition=definition, arguments=ARGUMENTS
        )
    assert found.sent is Sent.FINISHED
    head = requests[-1].partition(b"\r\n\r\n")[0].decode().lower()
    sent = dict(re.findall(r"mcp-param-(\w+): (.*)\r", head + "\r"))
    assert sent == {"region": base64_of("Zürich ").lower(), "n": "7", "ready": "false"}


@both
def test_an_approved_legacy_call_carries_no_such_header(adapter: Adapter, tmp_path: Path) -> None:
    definition = json.dumps({**tool("create_charge"), "inputSchema": MIRRORED})
    with scripted(response(RESULT)) as (url, requests):
        executed(
            adapter, tmp_path, LEGACY_APPROVAL, url, definition=definition, arguments=ARGUMENTS
        )
    assert b"mcp-param" not in requests[0].lower()
