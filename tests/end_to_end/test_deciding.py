"""Allow, deny and limit, as an agent with the official client meets them."""

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from handler.demo.agent import agent, said
from tests.clients import tools
from tests.end_to_end.stage import EXAMPLES, Upstream, refused, serving, write

pytestmark = pytest.mark.anyio

SEED_DENY, SEED_LIMIT = EXAMPLES / "seed-deny.json", EXAMPLES / "seed-limit.json"


def text(body: str) -> dict[str, Any]:
    return {"to": "+15005550006", "body": body}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_allowed_call_reaches_the_upstream_and_its_result_the_agent(
    upstream: Upstream, tmp_path: Path, mode: str
) -> None:
    policy = write(
        tmp_path / "p.json", {"version": "1", "default": "deny", "tools": {"send_message": {}}}
    )
    async with (
        serving(tmp_path / "data", "--policy", str(policy), "--upstream", upstream.url) as gateway,
        agent(gateway.url(), gateway.token, mode) as client,
    ):
        result = await client.call_tool("send_message", text(f"allowed {mode}"))
    assert not result.is_error
    assert "queued for +15005550006" in said(result)
    assert await upstream.calls("send_message", body=f"allowed {mode}") == 1


async def test_the_printed_configuration_is_what_a_client_takes(
    upstream: Upstream, tmp_path: Path
) -> None:
    options = ("--policy", str(EXAMPLES / "seed-limit.json"), "--upstream", upstream.url)
    async with serving(tmp_path / "data", *options) as gateway:
        printed = gateway.child.text
        document, _ = json.JSONDecoder().raw_decode(printed[printed.index("{") :])
        file = write(tmp_path / "mcp.json", document)
        program = (tools.node(), tools.package(".bin/inspector"), "--cli", "--config", str(file))
        client = await asyncio.create_subprocess_exec(
            *(*program, "--server", "upstream", "--method", "tools/list"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        )
        listed, complaint = await client.communicate()
    assert client.returncode == 0, complaint
    assert "send_message" in listed.decode()


async def test_the_first_seed_policy_denies_every_call_with_its_message(
    upstream: Upstream, tmp_path: Path
) -> None:
    async with (
        serving(
            tmp_path / "data", "--policy", str(SEED_DENY), "--upstream", upstream.url
        ) as gateway,
        agent(gateway.url(), gateway.token) as client,
    ):
        message = await client.call_tool("send_message", text("seed a"))
        other = await client.call_tool("list_customers", {})
    assert message.is_error and "Requires human approval." in said(message)
    assert other.is_error and said(other).startswith("[POLICY DENIED]")
    assert await upstream.calls("send_message", body="seed a") == 0


async def test_check_offers_the_holding_form_for_the_first_seed_policy() -> None:
    code, printed = await refused("check", str(SEED_DENY))
    assert code == 0
    assert "nobody can approve" in printed
    offered = printed.partition('"approve_if": ')[2].splitlines()[0]
    assert json.loads(offered)[0]["reason"] == "Requires human approval."


async def admitted(client: Client, body: str) -> int:
    """How many of 64 calls at once are admitted."""
    calls = [client.call_tool("send_message", text(body)) for _ in range(64)]
    return sum(not result.is_error for result in await asyncio.gather(*calls))


async def test_the_second_seed_policy_admits_exactly_30_a_minute_for_each_grant(
    upstream: Upstream, tmp_path: Path
) -> None:
    """Each try has grants of its own; one that a minute ended in says nothing and is made again."""
    tries = range(4)
    labels = [f"{name}-{number}" for number in tries for name in ("a", "b")]
    manifest = write(
        tmp_path / "gateway.json",
        {
            "servers": {
                "phone": {
                    "upstream": upstream.url,
                    "private_network": True,
                    "policies": {"p": str(SEED_LIMIT)},
                }
            },
            "grants": {label: {"server": "phone", "policy": "p"} for label in labels},
        },
    )
    async with serving(tmp_path / "data", str(manifest)) as gateway:
        for number in tries:
            minute = time.time() // 60
            async with (
                agent(gateway.url("phone"), gateway.tokens[f"a-{number}"]) as first,
                agent(gateway.url("phone"), gateway.tokens[f"b-{number}"]) as second,
            ):
                first_count, second_count = await asyncio.gather(
                    admitted(first, f"first {number}"), admitted(second, f"second {number}")
                )
                refusal = await first.call_tool("list_customers", {})
            if time.time() // 60 == minute:
                break
    assert (first_count, second_count) == (30, 30)
    assert refusal.is_error
    assert await upstream.calls("send_message", body=f"first {number}") == 30
    assert await upstream.calls("send_message", body=f"second {number}") == 30


async def test_an_edited_policy_holds_from_the_next_call_and_a_broken_one_changes_nothing(
    upstream: Upstream, tmp_path: Path
) -> None:
    policy = write(
        tmp_path / "p.json", {"version": "1", "default": "deny", "tools": {"send_message": {}}}
    )
    async with (
        serving(tmp_path / "data", "--policy", str(policy), "--upstream", upstream.url) as gateway,
        agent(gateway.url(), gateway.token) as client,
    ):
        policy.write_text('{"version": "1"')
        said_so = await gateway.child.says(r"not reloaded, everything stays as it was.*E\d+")
        assert str(policy) in said_so.group()
        broken = await client.call_tool("send_message", text("reload 1"))
        write(policy, {"version": "1", "default": "deny", "tools": {"list_customers": {}}})
        await gateway.child.says(r"holdpoint: reloaded: change server upstream")
        edited = await client.call_tool("send_message", text("reload 2"))
    assert not broken.is_error
    assert edited.is_error
    assert await upstream.calls("send_message", body="reload 2") == 0
