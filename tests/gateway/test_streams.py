"""Answers in pieces, sessions, and the handshakes of both eras."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from handler.gateway.bounds import Bounds
from handler.gateway.events import Settled
from handler.gateway.sse import Events, TooLong, ascii_json
from tests.clear import CLEAR
from tests.gateway.test_upstreams import answer, point, scripted
from tests.gateway.world import (
    LEGACY,
    Adapter,
    Gateway,
    UpstreamProcess,
    both,
    gateway,
    legacy,
    modern,
)
from tests.patience import PATIENCE

ALLOW = {"version": "1", "default": "allow"}


@both
@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_progress_reaches_the_client_before_the_result(door: Gateway, mode: str) -> None:
    told: list[float] = []

    async def progress(progress: float, total: float | None, message: str | None) -> None:
        told.append(progress)

    async with door.client(mode) as client:
        result = await client.call_tool("count", {"to": 3}, progress_callback=progress)
    assert told == [1, 2, 3]
    assert "\u2028" in result.content[0].text  # type: ignore[union-attr]


@both
def test_events_are_written_in_ascii_on_one_line_each(door: Gateway) -> None:
    body, headers = modern("tools/call", {"name": "count", "arguments": {"to": 2}})
    body["params"]["_meta"]["progressToken"] = 1
    raw = door.post(body, headers=headers).content
    assert raw.isascii()
    events = [json.loads(line[6:]) for line in raw.split(b"\n") if line.startswith(b"data: ")]
    assert [each.get("method") for each in events] == ["notifications/progress"] * 2 + [None]
    assert events[-1]["result"]["content"][0]["text"] == "counted to 2 \u2028 é"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_stream_reads_the_same_however_it_is_cut(size: int) -> None:
    stream = (
        '\ufeffdata: {\r\ndata:  "é"}\r\n\r\n: note\n\nevent: x\rdata: 2\r\rdata: 3\n\n'.encode()
    )
    events = Events(1_000)
    parts = [stream[i : i + size] for i in range(0, len(stream), size)]
    assert [each for part in parts for each in events.feed(part)] == ['{\n "é"}', "2", "3"]


def test_an_event_without_an_end_does_not_fill_the_memory() -> None:
    events = Events(100)
    with pytest.raises(TooLong):
        for _ in range(100):
            events.feed(b"data: 12345\n")


def test_ascii_json_keeps_the_value_and_every_digit() -> None:
    text = '{"a":"\U0001f600\u2028é",\n"n":123456789012345678901234567890.10}'
    assert json.loads(ascii_json(text)) == json.loads(text)
    assert b"123456789012345678901234567890.10" in ascii_json(text)


def opened(door: Gateway, token: str | None = None) -> tuple[httpx2.Response, str]:
    params = {"protocolVersion": LEGACY, "capabilities": {"sampling": {}}, "clientInfo": INFO}
    body, _ = legacy("initialize", params)
    found = door.post(body, token=token)
    return found, found.headers["mcp-session-id"]


INFO = {"name": "test", "version": "1"}
READ = legacy("tools/call", {"name": "read_customer", "arguments": {"id": "1"}})


def test_a_session_of_another_grant_is_as_good_as_none(
    door: Gateway, upstream: UpstreamProcess
) -> None:
    _, session = opened(door)
    headers = {**READ[1], "Mcp-Session-Id": session}
    door.post({"jsonrpc": "2.0", "method": "notifications/initialized"}, headers=headers)
    assert door.post(READ[0], headers=headers).status_code == 200
    foreign = door.post(READ[0], headers=headers, token=door.grant("g2"))
    assert foreign.status_code == 404
    assert len(upstream.calls) == 1


def test_the_upstream_s_own_session_id_is_not_taken_from_a_client(
    door: Gateway, upstream: UpstreamProcess
) -> None:
    opened(door)
    sent = [each["headers"].get("mcp-session-id") for each in upstream.recorded()["requests"]]
    assert sent == [None]
    for session in ("abc", "0" * 32):
        headers = {**READ[1], "Mcp-Session-Id": session}
        assert door.post(READ[0], headers=headers).status_code == 404
    assert upstream.calls == []


@both
@pytest.mark.parametrize("version", [{}, {"MCP-Protocol-Version": LEGACY}])
def test_a_deleted_session_is_over_upstream_too(
    door: Gateway, upstream: UpstreamProcess, version: dict[str, str]
) -> None:
    _, session = opened(door)
    held = {**version, "Mcp-Session-Id": session}
    headers = {"Authorization": f"Bearer {door.token}", **held}
    assert httpx2.delete(door.endpoint(), headers=headers, **CLEAR).status_code == 200
    assert door.post(READ[0], headers=held).status_code == 404
    assert door.post(legacy("ping", {})[0], headers=held).status_code == 404
    assert upstream.calls == []


@both
def test_a_handshake_advertises_only_what_is_served(door: Gateway) -> None:
    capabilities = opened(door)[0].json()["result"]["capabilities"]
    assert capabilities == {"tools": {"listChanged": False}}
    body, headers = modern("server/discover", {})
    found = door.post(body, headers=headers).json()["result"]
    assert set(found["capabilities"]) == {"tools", "extensions"}
    assert found["capabilities"]["extensions"] == {"io.modelcontextprotocol/tasks": {}}


@both
def test_a_registration_opens_a_family_of_methods(door: Gateway, upstream: UpstreamProcess) -> None:
    door.register(replace(door.servers["crm"], allow=("resources",)))
    body, headers = modern("resources/read", {"uri": "test://secret"})
    headers["Mcp-Name"] = "test://secret"
    assert door.post(body, headers=headers).json()["result"]["contents"][0]["text"] == "secret"
    assert upstream.calls == [{"resource": "test://secret"}]


@both
@pytest.mark.anyio
async def test_a_client_falls_back_to_initialize_before_a_legacy_upstream(door: Gateway) -> None:
    body, headers = modern("server/discover", {})
    error = '{"jsonrpc":"2.0","id":"server-error","error":{"code":-32600,"message":"no"}}'
    with scripted(answer("400 Bad Request", error)) as (url, _):
        point(door, url, ALLOW)
        found = door.post(body, headers=headers)
    assert (found.status_code, found.json()["error"]["code"]) == (400, -32022)
    assert LEGACY in found.json()["error"]["data"]["supported"]


ASKED: dict[str, Any] = {
    "resultType": "input_required",
    "requestState": "upstream-state",
    "inputRequests": {"a": {"method": "elicitation/create", "params": {}}},
}
DONE = {"resultType": "complete", "content": []}


def response(result: object) -> bytes:
    return answer("200 OK", json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}))


def test_an_upstream_s_question_passes_only_where_its_kind_is_allowed(door: Gateway) -> None:
    with scripted(response(ASKED), response(ASKED)) as (url, _):
        point(door, url, ALLOW)
        refused = door.call("ask", {"x": 1}).json()["result"]
        door.register(replace(door.servers["crm"], allow=("elicitation",)))
        passed = door.call("ask", {"x": 1}).json()["result"]
    assert refused["isError"] and "not allowed" in refused["content"][0]["text"]
    assert passed["inputRequests"] == ASKED["inputRequests"]
    assert passed["requestState"] != "upstream-state"


@both
def test_an_upstream_s_state_comes_back_with_the_same_arguments_or_not_at_all(
    door: Gateway,
) -> None:
    """And the leg that brings it back is not charged again."""
    limit = {"counter": "one", "window": 31_622_400, "max": 1, "scope": "grant"}
    policy = {"version": "1", "default": "deny", "tools": {"ask": {"limits": [limit]}}}
    asked = {k: v for k, v in ASKED.items() if k != "inputRequests"}
    with scripted(response(asked), response(DONE)) as (url, requests):
        point(door, url, policy)
        state = door.call("ask", {"x": 1}).json()["result"]["requestState"]
        for arguments, status in (({"x": 2}, 400), ({"x": 1}, 200), ({"x": 1}, 400)):
            body, headers = modern("tools/call", {"name": "ask", "arguments": arguments})
            body["params"]["requestState"] = state
            body["params"]["inputResponses"] = {"a": {"action": "accept"}}
            assert door.post(body, headers=headers).status_code == status
    assert len(requests) == 2
    assert b'"requestState":"upstream-state"' in requests[1]


def test_input_that_no_upstream_asked_for_is_not_passed_on(door: Gateway) -> None:
    body, headers = modern("tools/call", {"name": "ask", "arguments": {}})
    body["params"]["inputResponses"] = {"a": {"action": "accept"}}
    with scripted(response(DONE)) as (url, requests):
        point(door, url, ALLOW)
        assert door.post(body, headers=headers).status_code == 200
    assert b"inputResponses" not in requests[0]


@both
def test_a_server_s_question_in_mid_call_is_refused_for_the_client_and_not_shown(
    door: Gateway,
) -> None:
    question = {"jsonrpc": "2.0", "id": "q", "method": "sampling/createMessage", "params": {}}
    final = {"jsonrpc": "2.0", "id": 1, "result": {"content": []}}
    stream = "".join(f"data: {json.dumps(each)}\n\n" for each in (question, final))
    accepted = answer("202 Accepted", "")
    with scripted(answer("200 OK", stream, "text/event-stream"), accepted) as (url, requests):
        point(door, url, ALLOW)
        found = door.post(READ[0], headers=READ[1])
    assert found.json()["result"] == {"content": []}
    assert b'"id":"q"' in requests[1] and b"-32601" in requests[1]


def test_a_listener_is_told_that_there_is_nothing_to_hear(
    door: Gateway, upstream: UpstreamProcess
) -> None:
    wanted = {"promptsListChanged": True, "resourceSubscriptions": ["test://secret"]}
    body, headers = modern("subscriptions/listen", {"notifications": wanted})
    found = door.post(body, headers=headers)
    assert found.headers["content-type"].startswith("text/event-stream")
    assert b"subscriptions/acknowledged" in found.content
    assert upstream.recorded()["requests"] == []


def test_there_is_no_oauth_metadata(door: Gateway) -> None:
    for path in ("", "/mcp/crm"):
        url = f"{door.url}/.well-known/oauth-protected-resource{path}"
        assert httpx2.get(url, **CLEAR).status_code == 404


@both
def test_where_answers_are_buffered_notifications_come_before_the_result_in_one_answer(
    tmp_path: Path, upstream: UpstreamProcess, adapter: Adapter
) -> None:
    body, headers = modern("tools/call", {"name": "count", "arguments": {"to": 2}})
    body["params"]["_meta"]["progressToken"] = 1
    with gateway(tmp_path, upstream.url, bounds=Bounds(streaming=False), adapter=adapter) as door:
        found = door.post(body, headers=headers)
        alone = door.post(body, headers={**headers, "Accept": "application/json"})
    assert "content-length" in found.headers
    events = [json.loads(line[6:]) for line in found.text.split("\n") if line[:6] == "data: "]
    assert [each.get("method") for each in events] == ["notifications/progress"] * 2 + [None]
    assert alone.json()["result"] == events[-1]["result"]


@both
def test_where_answers_are_buffered_notifications_that_do_not_fit_are_left_out(
    tmp_path: Path, upstream: UpstreamProcess, adapter: Adapter
) -> None:
    told = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"x": "y" * 3_000}}
    final = {"jsonrpc": "2.0", "id": 1, "result": DONE}
    events = [*[told] * 4, final]
    stream = "".join(f"data: {json.dumps(each)}\n\n" for each in events)
    bounds = Bounds(streaming=False, largest_answer=10_000)
    with (
        gateway(tmp_path, upstream.url, bounds=bounds, adapter=adapter) as door,
        scripted(answer("200 OK", stream, "text/event-stream")) as (url, _),
    ):
        point(door, url, ALLOW)
        found = door.call("ask", {})
    assert len(found.content) <= 10_000
    assert found.text.count("notifications/progress") in (0, 3)
    assert '"resultType": "complete"' in found.text


@pytest.mark.anyio
async def test_a_call_whose_client_leaves_before_the_first_event_is_settled_too(
    door: Gateway,
) -> None:
    reached, left = threading.Event(), threading.Event()
    told = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {}}
    stream = f"data: {json.dumps(told)}\n\n"

    def late(request: bytes) -> bytes:
        reached.set()
        left.wait(PATIENCE)
        return answer("200 OK", stream * 2, "text/event-stream")

    with scripted(late) as (url, requests):
        point(door, url, ALLOW)
        headers = {"Authorization": f"Bearer {door.token}", "Accept": "text/event-stream"}
        async with httpx2.AsyncClient(**CLEAR) as client:
            asked = client.post(door.endpoint(), json=READ[0], headers={**headers, **READ[1]})
            asking = asyncio.create_task(asked)
            assert await asyncio.to_thread(reached.wait, PATIENCE)
            asking.cancel()
            await asyncio.wait([asking])
        left.set()
        until = time.monotonic() + PATIENCE
        while [each["record"] for each in door.journal()] != ["decided", "ended"]:
            assert time.monotonic() < until, "the call was never settled"
            time.sleep(0.02)
    assert len(requests) == 1 and door.journal()[-1]["outcome"] == "lost"


@pytest.mark.anyio
async def test_an_answer_that_nobody_began_to_read_is_settled_when_it_is_closed() -> None:
    settled = []

    async def pieces() -> AsyncGenerator[bytes, None]:
        try:
            yield b"first"
        finally:
            settled.append(True)

    await Settled(pieces()).aclose()
    assert settled == [True]
