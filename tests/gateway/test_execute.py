"""How approved calls are sent: once, without capabilities, in the era of the request."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from compiler.verdict import Hold, Place
from handler.approvals.lifecycle import Status
from handler.approvals.model import Approval, Origin
from handler.approvals.ports import Execution, Sent
from handler.gateway.bounds import Bounds
from handler.gateway.execute import UpstreamExecutor
from handler.gateway.server import Server, Sessions
from handler.secrets import Secrets
from handler.stores.sqlite.store import SQLiteStore
from tests.gateway.test_upstreams import answer, scripted
from tests.gateway.world import LEGACY, MODERN, Adapter, both

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


def executed(
    adapter: Adapter,
    folder: Path,
    approval: Approval,
    url: str,
    sessions: Sessions = Sessions.OWN,
) -> Execution:
    async def run() -> Execution:
        store = SQLiteStore(folder / "store.db")
        server = Server("crm", url, private_network=True, sessions=sessions)
        await store.registry.publish([], [server])
        upstream = adapter(Secrets({}), Bounds(upstream_seconds=1))
        try:
            return await UpstreamExecutor(store.registry, upstream).execute(approval, {"x": 1})
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
