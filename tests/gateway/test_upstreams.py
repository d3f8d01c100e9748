"""Upstreams that are away, slow, broken or too generous: what is refunded, what is said."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from handler.gateway.bounds import Bounds
from handler.gateway.server import Server
from tests.gateway.world import (
    Adapter,
    Gateway,
    UpstreamProcess,
    both,
    gateway,
    legacy,
    modern,
)
from tests.patience import PATIENCE
from tests.peer import End, Step, peer

pytestmark = both

MESSAGE = {"to": "+1500", "body": "hello"}
ONE = {
    "version": "1",
    "default": "deny",
    "tools": {
        "send_message": {
            "limits": [{"counter": "one", "window": 31_622_400, "max": 1, "scope": "grant"}]
        }
    },
}
RESULT = '{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","content":[]}}'


def answer(status: str, body: str, media: str = "application/json", extra: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {len(body.encode())}\r\n"
    return f"{head}{extra}Connection: close\r\n\r\n{body}".encode()


@contextmanager
def scripted(
    *answers: bytes | list[bytes] | Callable[[bytes], bytes] | None,
) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives these answers, one for each connection; its URL, and what it was asked.

    None is silence until the end; a list is given piece by piece, slowly; a function is given the
    request.
    """
    scripts: list[list[Step]] = [[each] if each is None else [each, End.LEFT] for each in answers]
    with peer(*scripts) as found:
        yield found.url, found.requests


def point(door: Gateway, url: str, policy: dict[str, Any] | None = None) -> None:
    door.register(replace(door.servers["crm"], upstream=url), policy or ONE)


def outcome(answered: httpx2.Response) -> str | None:
    assert answered.status_code == 200
    result = answered.json()["result"]
    found: str | None = result.get("_meta", {}).get("holdpoint/decision", {}).get("outcome")
    return found


def room(door: Gateway, upstream: UpstreamProcess) -> bool:
    """Whether the one call of the limit is still to be had."""
    point(door, f"{upstream.url}/mcp")
    result = door.call("send_message", MESSAGE).json()["result"]
    denied = result["content"][0]["text"].startswith("[POLICY DENIED]")
    assert denied is result["isError"], result
    return not denied


def test_an_upstream_that_was_never_reached_gives_the_quota_back(
    door: Gateway, upstream: UpstreamProcess
) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        point(door, f"http://127.0.0.1:{deaf.getsockname()[1]}/mcp")
        assert outcome(door.call("send_message", MESSAGE)) == "never reached"
    assert door.journal()[-1]["refunded"] is True
    assert room(door, upstream)


ASKING = '{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","requestState":"%s"}}'
BROKEN: dict[str, tuple[bytes | list[bytes] | None, str]] = {
    "a 500": (answer("500 Internal Server Error", "no"), "unusable answer"),
    "a 503": (answer("503 Service Unavailable", "{}"), "unusable answer"),
    "a redirect": (answer("307 Moved", "", extra="Location: /x\r\n"), "unusable answer"),
    "text that is not JSON": (answer("200 OK", "hello"), "unusable answer"),
    "another id": (answer("200 OK", RESULT.replace('"id":1', '"id":2')), "unusable answer"),
    "a task nobody asked for": (
        answer("200 OK", RESULT.replace('"complete"', '"task"')),
        "unusable answer",
    ),
    "a huge answer": (answer("200 OK", f'"{"x" * 20_000}"'), "unusable answer"),
    "a state that outgrows the answer once it is sealed": (
        answer("200 OK", ASKING % ("s" * 9_000)),
        "unusable answer",
    ),
    "a huge event": (
        answer("200 OK", f"data: {'x' * 20_000}", "text/event-stream"),
        "unusable answer",
    ),
    "compressed unasked": (
        answer("200 OK", RESULT, extra="Content-Encoding: gzip\r\n"),
        "unusable answer",
    ),
    "a stream without a response": (answer("200 OK", ": x\n\n", "text/event-stream"), "lost"),
    "half an answer": (answer("200 OK", RESULT)[:-10], "lost"),
    "a closed connection": (b"", "lost"),
    "silence": (None, "lost"),
    "drops": ([answer("200 OK", RESULT)[:60], *[b" "] * 1_000], "lost"),
}
UNENDING = ("silence", "drops")


@pytest.mark.parametrize("case", BROKEN)
def test_a_call_that_may_have_run_keeps_its_quota_and_says_so(
    tmp_path: Path, upstream: UpstreamProcess, adapter: Adapter, case: str
) -> None:
    reply, expected = BROKEN[case]
    patience = 0.5 if case in UNENDING else PATIENCE
    bounds = Bounds(upstream_seconds=patience, largest_answer=10_000)
    with gateway(tmp_path, upstream.url, bounds=bounds, adapter=adapter) as door:
        with scripted(reply) as (url, requests):
            point(door, url)
            answered = door.call("send_message", MESSAGE)
        assert outcome(answered) == expected
        assert "may have been executed" in answered.json()["result"]["content"][0]["text"]
        assert len(requests) == 1
        assert not room(door, upstream)


def test_an_upstream_s_error_and_its_is_error_result_keep_the_quota(
    door: Gateway, upstream: UpstreamProcess
) -> None:
    error = '{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"no"}}'
    with scripted(answer("200 OK", error)) as (url, _):
        point(door, url)
        assert door.call("send_message", MESSAGE).json()["error"]["message"] == "no"
    assert not room(door, upstream)


def test_a_legacy_client_s_session_survives_an_upstream_s_error_status(door: Gateway) -> None:
    body, headers = legacy("tools/call", {"name": "send_message", "arguments": MESSAGE})
    for status in ("400 Bad Request", "401 Unauthorized", "403 Forbidden", "429 Slow", "503 No"):
        with scripted(answer(status, "no")) as (url, _):
            point(door, url, {"version": "1", "default": "allow"})
            assert door.post(body, headers=headers).status_code == 200


PAGE: dict[str, Any] = {
    "tools": [{"name": "b", "odd": 1.5}, {"name": "secret"}, {"name": "a", "inputSchema": {}}],
    "nextCursor": "page 2",
    "unknown": {"kept": [12345678901234567890123]},
}


def listing(result: object, door: Gateway, policy: dict[str, Any]) -> dict[str, Any]:
    body, headers = modern("tools/list", {})
    text = json.dumps({"jsonrpc": "2.0", "id": 1, "result": result})
    with scripted(answer("200 OK", text)) as (url, _):
        point(door, url, policy)
        found: dict[str, Any] = door.post(body, headers=headers).json()
    return found


def test_a_list_keeps_its_order_its_cursor_and_its_unknown_fields(door: Gateway) -> None:
    hiding = {"version": "1", "default": "allow", "hide": ["secret"]}
    result = listing({**PAGE, "ttlMs": 10**9, "cacheScope": "public"}, door, hiding)["result"]
    assert [tool["name"] for tool in result["tools"]] == ["b", "a"]
    assert result["tools"][0] == {"name": "b", "odd": 1.5}
    assert result["nextCursor"] == "page 2"
    assert result["unknown"] == PAGE["unknown"]
    assert (result["cacheScope"], result["ttlMs"]) == ("private", 5_000)


@pytest.mark.parametrize("tools", [None, "x", [1], [{"name": 1}], [{"title": "secret"}], {}])
def test_a_list_that_cannot_be_read_is_an_error_and_never_shown_unfiltered(
    door: Gateway, tools: object
) -> None:
    found = listing({"tools": tools}, door, {"version": "1", "default": "allow"})
    assert found["error"]["code"] == -32603


def test_upstream_credentials_go_up_and_nowhere_else(
    tmp_path: Path, upstream: UpstreamProcess, adapter: Adapter
) -> None:
    environment = {"KEY": "canary-9"}
    with gateway(tmp_path, upstream.url, environment=environment, adapter=adapter) as door:
        server = replace(door.servers["crm"], headers={"X-Api-Key": "env:KEY"})
        door.register(server)
        answered = door.call("read_customer", {"id": "1"})
        door.register(replace(server, headers={"X-Api-Key": "env:NOT_THERE"}))
        missing = door.call("read_customer", {"id": "1"})
        (request,) = upstream.recorded()["requests"]
        told = answered.text + str(answered.headers) + missing.text + json.dumps(door.journal())
    assert request["headers"]["x-api-key"] == "canary-9"
    assert outcome(missing) == "never reached"
    assert "canary-9" not in told


def test_only_known_keys_of_a_request_go_on(door: Gateway) -> None:
    body, headers = modern("tools/call", {"name": "send_message", "arguments": MESSAGE})
    body["params"] |= {"task": {"canary": 1}, "canary": 2}
    body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = {"sampling": {}}
    body["canary"] = 3
    with scripted(answer("200 OK", RESULT)) as (url, requests):
        point(door, url)
        door.post(body, headers=headers)
    sent = json.loads(requests[0].partition(b"\r\n\r\n")[2])
    assert set(sent) == {"jsonrpc", "id", "method", "params"}
    assert set(sent["params"]) == {"name", "arguments", "_meta"}
    assert sent["params"]["arguments"] == MESSAGE
    assert sent["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] == {}


FORBIDDEN = [
    Server("crm", "http://example.com/mcp", private_network=True),
    Server("crm", "http://127.0.0.1:9/mcp"),
    Server("crm", "https://127.0.0.1:9/mcp"),
    Server("crm", "https://localhost:9/mcp"),
    Server("crm", "https://[::ffff:127.0.0.1]:9/mcp"),
    Server("crm", "https://169.254.169.254/mcp", private_network=True),
    Server("crm", "https://user:pass@example.com/mcp"),
]


@pytest.mark.parametrize("server", FORBIDDEN, ids=lambda server: server.upstream)
def test_an_address_that_is_not_allowed_is_never_connected_to(
    door: Gateway, server: Server
) -> None:
    door.register(server, ONE)
    answered = door.call("send_message", MESSAGE)
    assert outcome(answered) == "never reached"
    assert door.journal()[-1]["refunded"] is True
