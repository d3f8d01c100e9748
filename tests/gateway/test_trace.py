"""A call is found by one id: from its client to its upstream, records, approval and later run."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.clear import CLEAR
from tests.gateway.shifting import Shifting, shifting, tool
from tests.gateway.world import Gateway, UpstreamProcess, gateway, legacy, modern
from tests.traced import PARENT, SPAN, TRACE, in_trace

POLICY: dict[str, Any] = {"version": "1", "default": "deny", "tools": {"list": {}}}


def sent_on(upstream: UpstreamProcess) -> list[str]:
    """The `traceparent` headers that reached the upstream."""
    headers = [request["headers"] for request in upstream.recorded()["requests"]]
    return [each["traceparent"] for each in headers if "traceparent" in each]


def told(door: Gateway, kind: str) -> list[dict[str, Any]]:
    return [record for record in door.journal() if record["record"] == kind]


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_clients_trace_reaches_the_upstream_with_the_call_as_its_parent(
    door: Gateway, upstream: UpstreamProcess, mode: str
) -> None:
    async with door.client(mode) as client:
        with in_trace():
            allowed = await client.call_tool("read_customer", {"id": "c1"})
            denied = await client.call_tool("delete_customer", {"id": "c1"})
    assert not allowed.is_error and denied.is_error and denied.meta
    (ended,) = told(door, "ended")
    first, second = told(door, "decided")
    assert {each["trace"] for each in (first, second, ended)} == {TRACE}
    assert first["call"] == ended["call"] != second["call"]
    assert sent_on(upstream) == [f"00-{TRACE}-{first['call']}-01"]
    decision = denied.meta["holdpoint/decision"]
    assert (decision["call"], decision["trace"]) == (second["call"], TRACE)


@pytest.mark.anyio
async def test_an_approved_call_runs_in_the_trace_in_which_it_was_asked_for(
    door: Gateway, upstream: UpstreamProcess
) -> None:
    async with door.client() as client:
        with in_trace():
            arguments = {"amount": 900, "currency": "usd"}
            waiting = asyncio.create_task(client.call_tool("create_charge", arguments))
        mail = await door.mail()
        assert TRACE not in mail
        assert await door.answer("approve") == 200
        assert not (await waiting).is_error
    (decided,), (held,) = told(door, "decided"), told(door, "held")
    assert decided["trace"] == held["trace"] == TRACE
    assert sent_on(upstream) == [f"00-{TRACE}-{decided['call']}-01"]


@pytest.fixture
def plain() -> Iterator[Shifting]:
    """An upstream that keeps what it was sent word for word."""
    with shifting() as found:
        found.tools = [tool("list")]
        yield found


@pytest.fixture
def near(tmp_path: Path, plain: Shifting) -> Iterator[Gateway]:
    with gateway(tmp_path, plain.url) as found:
        found.register(found.servers["crm"], POLICY)
        yield found


MALFORMED: dict[str, Any] = {
    "empty": "",
    "no number": f"00-{TRACE}-{SPAN}",
    "upper case": PARENT.upper(),
    "no trace": f"00-{'0' * 32}-{SPAN}-01",
    "no parent": f"00-{TRACE}-{'0' * 16}-01",
    "the version that cannot be": f"ff-{TRACE}-{SPAN}-01",
    "more than version 00 has": f"{PARENT}-more",
    "too long": f"01-{TRACE}-{SPAN}-01-{'x' * 100}",
    "a line break": f"{PARENT}\n",
    "a number": 7,
    "an object": {"a": [PARENT]},
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_trace_is_passed_over_and_a_new_one_begins(
    near: Gateway, plain: Shifting, case: str
) -> None:
    body, headers = modern("tools/call", {"name": "list", "arguments": {}})
    body["params"]["_meta"] |= {"traceparent": MALFORMED[case], "tracestate": "a=1"}
    assert "isError" not in near.post(body, headers=headers).json()["result"]
    meta = plain.calls[0]["_meta"]
    assert meta["traceparent"] == plain.headers[0]["traceparent"]
    (decided,) = told(near, "decided")
    assert meta["traceparent"] == f"00-{decided['trace']}-{decided['call']}-00"
    assert decided["trace"] != TRACE and "tracestate" not in meta


def test_a_header_that_came_twice_is_malformed(near: Gateway, plain: Shifting) -> None:
    body, headers = modern("tools/call", {"name": "list", "arguments": {}})
    own = {"Authorization": f"Bearer {near.token}", "Content-Type": "application/json"}
    twice = [("traceparent", PARENT), ("traceparent", PARENT)]
    httpx2.post(
        near.endpoint(), json=body, headers=[*headers.items(), *own.items(), *twice], **CLEAR
    )
    assert TRACE not in plain.headers[0]["traceparent"]


STATES = {
    "congo=t61rcWkgMzE, rojo=00f067aa0ba902b7": "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7",
    "tenant@vendor=x y": "tenant@vendor=x y",
    "Upper=1": None,
    "a=1,b": None,
    "a=\u00e9": None,
    f"a={'x' * 255},b={'x' * 255}": None,
    ",".join(f"k{n}=v" for n in range(33)): None,
}


@pytest.mark.parametrize("state", STATES)
def test_what_vendors_add_goes_on_where_it_is_well_formed(
    near: Gateway, plain: Shifting, state: str
) -> None:
    body, headers = modern("tools/call", {"name": "list", "arguments": {}})
    body["params"]["_meta"] |= {"traceparent": PARENT, "tracestate": state}
    near.post(body, headers=headers)
    assert plain.headers[0].get("tracestate") == STATES[state]
    assert plain.calls[0]["_meta"].get("tracestate") == STATES[state]
    assert TRACE in plain.calls[0]["_meta"]["traceparent"]


def test_the_message_is_believed_before_its_headers_and_both_before_nothing(
    near: Gateway, plain: Shifting
) -> None:
    other = {"traceparent": f"00-{'1' * 32}-{'2' * 16}-00"}
    body, headers = modern("tools/call", {"name": "list", "arguments": {}})
    near.post(body, headers={**headers, **other})
    body["params"]["_meta"] |= {"traceparent": PARENT}
    near.post(body, headers={**headers, **other})
    assert [record["trace"] for record in told(near, "decided")] == ["1" * 32, TRACE]


def test_a_legacy_message_says_its_trace_only_where_its_client_did(
    near: Gateway, plain: Shifting
) -> None:
    for meta in ({}, {"_meta": {"progressToken": 1}}, {"_meta": {"traceparent": PARENT}}):
        body, headers = legacy("tools/call", {"name": "list", "arguments": {}, **meta})
        near.post(body, headers=headers)
    calls = [record["call"] for record in told(near, "decided")]
    said = [call.get("_meta") for call in plain.calls]
    assert said == [None, {"progressToken": 1}, {"traceparent": f"00-{TRACE}-{calls[2]}-01"}]
    assert all(call in each["traceparent"] for call, each in zip(calls, plain.headers, strict=True))
