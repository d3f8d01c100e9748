"""Where a server's registration says so, an agent's list says what its policy would deny."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # has no stubs

from handler.admin import drift as operators
from handler.gateway.server import Drift
from tests.gateway.shifting import Shifting, shifting, tool
from tests.gateway.world import Gateway, done, gateway, modern

PAY = tool("pay", "Pay.", amount="number", to="string")


def capped(at: int) -> dict[str, Any]:
    rule = {"conditions": [{"path": "args.amount", "op": "gt", "value": at}]}
    return {"version": "1", "default": "allow", "tools": {"pay": {"deny_if": [rule]}}}


@pytest.fixture
def upstream() -> Iterator[Shifting]:
    with shifting() as found:
        found.tools = [dict(PAY), tool("list"), {"name": "odd", "inputSchema": True}]
        yield found


@pytest.fixture
def door(tmp_path: Path, upstream: Shifting) -> Iterator[Gateway]:
    with gateway(tmp_path, upstream.url) as found:
        yield found


def registered(door: Gateway, narrow: bool, at: int = 500) -> None:
    door.register(replace(door.servers["crm"], narrow=narrow, drift=Drift.HOLD), capped(at))


def schema(door: Gateway, token: str | None = None) -> dict[str, Any]:
    """The input schema of `pay` as the official client reads it."""

    async def listed() -> dict[str, Any]:
        async with door.client(token=token) as client:
            shown = {each.name: each for each in (await client.list_tools()).tools}
            return dict(shown["pay"].input_schema)

    return asyncio.run(listed())


def called(door: Gateway, amount: int) -> bool:
    """Whether the official client's call came through."""

    async def call() -> bool:
        async with door.client() as client:
            return not (await client.call_tool("pay", {"amount": amount})).is_error

    return asyncio.run(call())


@pytest.fixture
def plain(upstream: Shifting) -> Shifting:
    """Without the odd tool, which no client of the SDK reads."""
    del upstream.tools[2]
    return upstream


@pytest.mark.usefixtures("plain")
def test_an_agent_that_keeps_to_the_narrowed_schema_is_not_denied(door: Gateway) -> None:
    registered(door, narrow=True)
    shown = Draft202012Validator(schema(door))
    for amount in (500, 501):
        assert shown.is_valid({"amount": amount}) is called(door, amount)


@pytest.mark.usefixtures("plain")
def test_schemas_are_the_upstream_s_unless_the_registration_says_otherwise(door: Gateway) -> None:
    registered(door, narrow=False)
    assert schema(door) == PAY["inputSchema"]
    registered(door, narrow=True)
    assert schema(door)["properties"]["amount"] == {"type": "number", "maximum": 500}
    assert schema(door, door.grant("g2", policy=None)) == PAY["inputSchema"]


@pytest.mark.usefixtures("plain")
def test_a_narrowed_schema_is_no_drift_and_a_drifted_one_is_narrowed_from_what_it_is_now(
    door: Gateway, upstream: Shifting
) -> None:
    registered(door, narrow=True)
    schema(door)
    registered(door, narrow=True, at=100)
    assert schema(door)["properties"]["amount"]["maximum"] == 100
    assert done(operators.listing(door.store)) == []
    assert called(door, 100)
    upstream.tools[0] = tool("pay", "Pay.", amount="integer")
    assert schema(door)["properties"]["amount"] == {"type": "integer", "maximum": 100}
    (one,) = done(operators.listing(door.store))
    assert "maximum" not in operators.difference(one.pin)


def test_a_tool_without_a_schema_to_narrow_is_listed_as_it_is(
    door: Gateway, upstream: Shifting
) -> None:
    registered(door, narrow=True)
    body, headers = modern("tools/list", {})
    assert door.post(body, headers=headers).json()["result"]["tools"][2] == upstream.tools[2]
