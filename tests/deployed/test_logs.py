"""What a deployed gateway logs: no value of an argument, no token, no link, no credential."""

import asyncio
from typing import Any

import boto3
import pytest

from handler.demo.agent import agent
from tests.deployed.stage import Deployed

pytestmark = pytest.mark.anyio

CANARY = "canary-7f3a"
"""Part of every argument's value, of names of tools that are not there, and of the notes."""


async def groups() -> dict[str, str]:
    """Every log group's lines."""
    return await asyncio.to_thread(_groups)


def _groups() -> dict[str, str]:
    client = boto3.client("logs")
    found = {}
    for group in client.describe_log_groups()["logGroups"]:
        events = client.filter_log_events(logGroupName=group["logGroupName"])["events"]
        found[group["logGroupName"]] = "\n".join(event["message"] for event in events)
    client.close()
    return found


async def test_no_log_line_holds_a_value_a_token_or_a_link(deployed: Deployed) -> None:
    token = await deployed.token("logged")
    async with agent(deployed.url(), token, "legacy") as client:
        await client.call_tool("send_message", {"to": f"+{CANARY}", "body": f"{CANARY} hello"})
        await client.call_tool(
            "create_charge", {"customer": CANARY, "amount": 1, "currency": "usd"}
        )
        await client.call_tool("delete_customer", {"customer": f"cus_{CANARY}"})
        refund: dict[str, Any] = {"charge": f"ch_{CANARY}", "amount": 250.0}
        waiting = asyncio.create_task(client.call_tool("create_refund", refund))
        link = await deployed.mailbox.link(refund["charge"])
        await deployed.press(link, "approve")
        result = await waiting
        for _ in range(30):
            if not result.is_error:
                break
            result = await client.call_tool("create_refund", refund)
    assert not result.is_error
    logged = await groups()
    records = logged[deployed.stack.outputs["DecisionLog"]]
    assert '"record":"decided"' in records and '"charge"' in records
    for group, text in logged.items():
        for secret in (CANARY, token, token.split("_", 2)[2], link.rpartition("/")[2]):
            assert secret not in text, group
