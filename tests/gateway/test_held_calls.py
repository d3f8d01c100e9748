"""A held call: each kind of client waits in its own way, and the call runs once, when approved."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp.types import CallToolResult, TextContent

from handler.gateway.bounds import Bounds
from handler.grants.model import GrantStatus
from tests.clear import CLEAR
from tests.gateway.shifting import tool
from tests.gateway.test_upstreams import answer, scripted
from tests.gateway.world import (
    Ahead,
    Gateway,
    UpstreamProcess,
    done,
    gateway,
    legacy,
    modern,
)
from tests.patience import PATIENCE

CHARGE = {"amount": 750, "currency": "eur"}
MODES = ("auto", "legacy", "2026-07-28")
EXTENSION = "io.modelcontextprotocol/tasks"

pytestmark = pytest.mark.anyio


def text(result: CallToolResult) -> str:
    content = result.content[0]
    assert isinstance(content, TextContent)
    return content.text


def told(answer: dict[str, Any]) -> str:
    found: str = answer["result"]["content"][0]["text"]
    return found


@pytest.fixture
def impatient(tmp_path: Path, upstream: UpstreamProcess) -> Iterator[Gateway]:
    """A gateway that holds no leg open."""
    with gateway(tmp_path, upstream.url, bounds=Bounds(leg_seconds=0)) as found:
        yield found


@pytest.fixture
def brisk(tmp_path: Path, upstream: UpstreamProcess) -> Iterator[Gateway]:
    """A gateway whose legs and streams are short."""
    bounds = Bounds(leg_seconds=0.05, stream_seconds=0.5, progress_seconds=0.02)
    with gateway(tmp_path, upstream.url, bounds=bounds) as found:
        yield found


@pytest.mark.parametrize("mode", MODES)
async def test_an_approved_call_runs_once_and_its_result_reaches_the_waiting_client(
    door: Gateway, upstream: UpstreamProcess, mode: str
) -> None:
    results = []
    async with door.client(mode) as client, anyio.create_task_group() as group:

        async def call() -> None:
            results.append(await client.call_tool("create_charge", CHARGE))

        group.start_soon(call)
        await door.mail()
        assert upstream.calls == []
        assert await door.answer("approve") == 200
    assert text(results[0]) == "charged 750 eur"
    assert upstream.calls == [{"tool": "create_charge", "arguments": CHARGE}]


@pytest.mark.parametrize("mode", MODES)
async def test_a_rejected_call_never_runs_and_says_so(
    door: Gateway, upstream: UpstreamProcess, mode: str
) -> None:
    results = []
    async with door.client(mode) as client, anyio.create_task_group() as group:

        async def call() -> None:
            results.append(await client.call_tool("create_charge", CHARGE))

        group.start_soon(call)
        await door.answer("reject")
    assert text(results[0]).startswith("[REJECTED]") and results[0].is_error
    assert upstream.calls == []


async def test_a_modern_client_brings_its_state_back_leg_by_leg_until_the_ninth(
    brisk: Gateway, upstream: UpstreamProcess
) -> None:
    body, headers = modern("tools/call", {"name": "create_charge", "arguments": CHARGE})
    legs = 0
    while True:
        if legs == 1:
            await brisk.mail()
        answer = brisk.post(body, headers=headers).json()
        if answer["result"]["resultType"] == "complete":
            break
        assert set(answer["result"]) == {"resultType", "requestState"}
        body["params"]["requestState"] = answer["result"]["requestState"]
        legs += 1
    assert legs == 9
    assert told(answer).startswith("[PENDING APPROVAL]")
    assert len(brisk.outbox.mails()) == 1
    assert upstream.calls == []


STATE_CHANGES: dict[str, dict[str, Any]] = {
    "other arguments": {"arguments": {"amount": 751, "currency": "eur"}},
    "another tool": {"name": "read_customer"},
    "a changed state": {"requestState": "A" * 120},
}


@pytest.mark.parametrize("case", [*STATE_CHANGES, "used twice", "another grant"])
async def test_a_state_is_good_once_and_for_the_call_and_grant_it_was_made_for(
    brisk: Gateway, upstream: UpstreamProcess, case: str
) -> None:
    body, headers = modern("tools/call", {"name": "create_charge", "arguments": CHARGE})
    state = brisk.post(body, headers=headers).json()["result"]["requestState"]
    body["params"] |= {"requestState": state, **STATE_CHANGES.get(case, {})}
    headers["Mcp-Name"] = body["params"]["name"]
    token = brisk.grant("g2") if case == "another grant" else brisk.token
    if case == "used twice":
        assert brisk.post(body, headers=headers).status_code == 200
    refused = brisk.post(body, headers=headers, token=token)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, -32602)
    assert upstream.calls == []


async def test_a_repeat_joins_the_approval_and_later_gets_its_stored_result(
    impatient: Gateway, upstream: UpstreamProcess
) -> None:
    first = impatient.call("create_charge", CHARGE).json()
    repeat = impatient.call("create_charge", {"currency": "eur", "amount": 750.0}).json()
    ids = [each["result"]["_meta"]["holdpoint/decision"]["approval"] for each in (first, repeat)]
    assert ids[0] == ids[1] and told(first).startswith("[PENDING APPROVAL]")
    assert await impatient.answer("approve") == 200
    async with asyncio.timeout(PATIENCE):
        while impatient.call("create_charge", CHARGE).json()["result"]["isError"]:
            await anyio.sleep(0.02)
    last = impatient.call("create_charge", CHARGE).json()
    contents = [content["text"] for content in last["result"]["content"]]
    assert contents[0] == "charged 750 eur"
    assert contents[1].startswith("executed at ") and contents[1].endswith(", not repeated")
    assert len(upstream.calls) == 1


async def test_a_legacy_client_that_asked_for_progress_gets_it_while_it_waits(
    brisk: Gateway, upstream: UpstreamProcess
) -> None:
    body, headers = legacy("tools/call", {"name": "create_charge", "arguments": CHARGE})
    body["params"]["_meta"] = {"progressToken": "p1"}
    answer = brisk.post(body, headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data")]
    *progress, last = events
    assert {each["params"]["progressToken"] for each in progress} == {"p1"}
    assert [each["params"]["progress"] for each in progress] == list(range(1, len(progress) + 1))
    assert len(progress) >= 2
    assert told(last).startswith("[PENDING APPROVAL]")


def with_tasks(method: str, params: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    body, headers = modern(method, params)
    capabilities: dict[str, Any] = {"extensions": {EXTENSION: {}}}
    body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = capabilities
    if "taskId" in params:
        headers["Mcp-Name"] = params["taskId"]
    return body, headers


async def test_a_client_with_the_tasks_extension_polls_a_task(
    door: Gateway, upstream: UpstreamProcess
) -> None:
    body, headers = with_tasks("tools/call", {"name": "create_charge", "arguments": CHARGE})
    task = door.post(body, headers=headers).json()["result"]
    assert (task["resultType"], task["status"]) == ("task", "working")
    body, headers = with_tasks("tasks/get", {"taskId": task["taskId"]})
    foreign = door.post(body, headers=headers, token=door.grant("g2"))
    assert foreign.json()["error"]["code"] == -32602
    await door.answer("approve")
    async with asyncio.timeout(PATIENCE):
        while (got := door.post(body, headers=headers).json()["result"])["status"] == "working":
            await anyio.sleep(0.02)
    assert got["status"] == "completed"
    assert got["result"]["content"][0]["text"] == "charged 750 eur"
    assert len(upstream.calls) == 1


async def test_a_cancelled_task_is_withdrawn_and_cannot_be_approved_any_more(
    door: Gateway, upstream: UpstreamProcess
) -> None:
    body, headers = with_tasks("tools/call", {"name": "create_charge", "arguments": CHARGE})
    task = door.post(body, headers=headers).json()["result"]["taskId"]
    await door.mail()
    body, headers = with_tasks("tasks/cancel", {"taskId": task})
    foreign = door.post(body, headers=headers, token=door.grant("g2"))
    assert foreign.json()["error"]["code"] == -32602
    assert done(door.store.ledger.approval(task)).status.is_final is False  # type: ignore[union-attr]
    assert "error" not in door.post(body, headers=headers).json()
    body, headers = with_tasks("tasks/get", {"taskId": task})
    assert door.post(body, headers=headers).json()["result"]["status"] == "cancelled"
    assert await door.answer("approve") != 200
    assert upstream.calls == []


@pytest.mark.parametrize("change", ["revoked", "tighter", "paused"])
async def test_an_approved_call_does_not_run_where_it_is_denied_by_then(
    impatient: Gateway, upstream: UpstreamProcess, change: str
) -> None:
    impatient.call("create_charge", CHARGE)
    await impatient.mail()
    if change == "revoked":
        impatient.change(replace(impatient.grants["g1"], status=GrantStatus.REVOKED))
    elif change == "paused":
        impatient.register(replace(impatient.servers["crm"], paused=True))
    else:
        impatient.register(
            impatient.servers["crm"], {"version": "1", "default": "deny", "tools": {}}
        )
    await impatient.answer("approve")
    async with asyncio.timeout(PATIENCE):
        while True:
            (approval,) = await impatient.store.ledger.approvals(5)
            if approval.status.is_final:
                break
            await anyio.sleep(0.02)
    assert approval.status.value == "failed"
    assert upstream.calls == []


async def test_a_held_call_that_cannot_pass_the_other_rules_asks_nobody(
    impatient: Gateway, upstream: UpstreamProcess
) -> None:
    denied = impatient.call("create_charge", {"amount": 750, "currency": "gbp"}).json()
    assert told(denied) == "[POLICY DENIED] Only USD or EUR."
    assert impatient.outbox.mails() == []


def declaring(capabilities: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    body, headers = modern("tools/call", {"name": "create_charge", "arguments": CHARGE})
    body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = capabilities
    return body, headers


async def test_a_client_that_opens_addresses_is_sent_to_the_status_page_once(
    brisk: Gateway, upstream: UpstreamProcess
) -> None:
    body, headers = declaring({"elicitation": {"url": {}}})
    first = brisk.post(body, headers=headers).json()["result"]
    asked = first["inputRequests"]["approval"]
    assert (asked["method"], asked["params"]["mode"]) == ("elicitation/create", "url")
    body["params"] |= {
        "requestState": first["requestState"],
        "inputResponses": {"approval": {"action": "accept"}},
    }
    second = brisk.post(body, headers=headers).json()["result"]
    assert set(second) == {"resultType", "requestState"}
    page = httpx2.get(asked["params"]["url"], **CLEAR)
    assert page.status_code == 200 and "Waiting for an answer" in page.text
    assert "/approve/" not in page.text and "<form" not in page.text
    assert upstream.calls == []
    await brisk.answer("reject")
    assert "Rejected" in httpx2.get(asked["params"]["url"], **CLEAR).text


async def test_a_client_that_opens_no_addresses_is_never_sent_to_one(brisk: Gateway) -> None:
    variants: list[dict[str, Any]] = [{}, {"elicitation": {}}, {"elicitation": {"form": {}}}]
    for capabilities in variants:
        body, headers = declaring(capabilities)
        assert "inputRequests" not in brisk.post(body, headers=headers).json()["result"]


async def test_the_status_page_s_address_is_made_here_and_opens_nothing_else(
    brisk: Gateway, upstream: UpstreamProcess
) -> None:
    body, headers = declaring({"elicitation": {"url": {}}})
    result = brisk.post(body, headers=headers).json()["result"]
    token = result["inputRequests"]["approval"]["params"]["url"].rsplit("/", 1)[1]
    (approval,) = await brisk.store.ledger.approvals(5)
    changed = token[:20] + ("B" if token[20] == "A" else "A") + token[21:]
    forged = [approval.id, "A" * len(token), result["requestState"], changed]
    assert {httpx2.get(f"{brisk.url}/status/{each}", **CLEAR).status_code for each in forged} == {
        404
    }
    assert httpx2.get(f"{brisk.url}/approve/{token}", **CLEAR).status_code == 404
    assert httpx2.post(f"{brisk.url}/status/{token}", **CLEAR).status_code == 405
    assert upstream.calls == []


async def test_what_an_upstream_asks_after_an_approval_is_not_answered_by_the_agent(
    impatient: Gateway,
) -> None:
    asked = {
        "resultType": "input_required",
        "requestState": "raw",
        "inputRequests": {"a": {"method": "elicitation/create", "params": {}}},
    }

    def asks(request: bytes) -> bytes:
        id = json.loads(request.split(b"\r\n\r\n")[1])["id"]
        return answer("200 OK", json.dumps({"jsonrpc": "2.0", "id": id, "result": asked}))

    page = {"jsonrpc": "2.0", "id": "holdpoint-list", "result": {"tools": [tool("create_charge")]}}
    with scripted(answer("200 OK", json.dumps(page)), asks) as (url, requests):
        allow = ("elicitation",)
        impatient.register(replace(impatient.servers["crm"], upstream=url, allow=allow))
        impatient.call("create_charge", CHARGE)
        await impatient.answer("approve")
        async with asyncio.timeout(PATIENCE):
            while told(impatient.call("create_charge", CHARGE).json()).startswith("[PENDING"):
                await anyio.sleep(0.02)
        last = told(impatient.call("create_charge", CHARGE).json())
        body, headers = modern("tools/call", {"name": "create_charge", "arguments": CHARGE})
        body["params"]["arguments"] = {**CHARGE, "amount": 9_999}
        body["params"] |= {"requestState": "raw", "inputResponses": {"a": {"action": "accept"}}}
        refused = impatient.post(body, headers=headers)
    assert last.startswith("[FAILED]") and "input" in last
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, -32602)
    assert [b"tools/call" in request for request in requests] == [False, True]


def test_where_waiting_is_dear_only_so_many_calls_of_a_grant_wait_at_once(
    tmp_path: Path, upstream: UpstreamProcess
) -> None:
    """Two may begin to wait in two seconds. Five that begin within four, as here from the start of
    the first two, are four at most that wait."""
    bounds, clock = Bounds(streaming=False, leg_seconds=2, most_legs=2), Ahead()
    with (
        gateway(tmp_path, upstream.url, bounds=bounds, clock=clock) as door,
        ThreadPoolExecutor(6) as pool,
    ):
        other = door.grant("g2")
        clock.seconds = -clock.now() % bounds.leg_seconds
        calls = [pool.submit(door.call, "create_charge", charge(each)) for each in range(5)]
        apart = pool.submit(door.call, "create_charge", charge(9), token=other)
        kinds = [call.result().json()["result"]["resultType"] for call in calls]
        assert apart.result().json()["result"]["resultType"] == "input_required"
    assert 2 <= kinds.count("input_required") <= 4
    assert upstream.calls == []


def charge(number: int) -> dict[str, Any]:
    return {**CHARGE, "amount": 750 + number}
