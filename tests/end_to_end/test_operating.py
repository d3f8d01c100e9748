"""What operators change with commands holds in a running gateway from the next call on."""

import asyncio
import json
import re
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp.types import CallToolResult

from handler.demo.agent import agent, said
from handler.demo.child import Child
from handler.entry.folder import Folder
from handler.stores.sqlite import SQLiteStore
from tests.end_to_end.stage import Gateway, Upstream, command, refused, serving, write
from tests.patience import PATIENCE
from tests.traced import TRACE, in_trace

pytestmark = pytest.mark.anyio

POLICY = {
    "version": "1",
    "default": "deny",
    "approvals": {"approvers": ["ops@example.com", "cfo@example.com"]},
    "tools": {
        "list_customers": {},
        "send_message": {},
        "create_refund": {"approve_if": [{"conditions": [], "reason": "Refunds need a person."}]},
        "create_charge": {
            "approve_if": [{"conditions": [], "reason": "Charges need two.", "quorum": 2}]
        },
    },
}


@dataclass(frozen=True)
class Operated:
    """A running gateway with the server `shop`, and its operator."""

    gateway: Gateway
    folder: Path

    @asynccontextmanager
    async def agent(self, grant: str = "one") -> AsyncIterator[Client]:
        async with agent(self.gateway.url("shop"), self.gateway.tokens[grant]) as client:
            yield client

    async def fails(self, *arguments: str) -> tuple[int, str]:
        """The exit code and the output of a command."""
        return await command(*arguments, "--data", str(self.folder / "data"))

    async def does(self, *arguments: str) -> str:
        """The output of a command that works."""
        code, printed = await self.fails(*arguments)
        assert code == 0, printed
        return printed

    async def held(self, grant: str) -> str:
        """The id of the one call of this grant that waits, once there is one."""
        async with asyncio.timeout(PATIENCE):
            while True:
                waiting = json.loads(await self.does("approvals", "list", "--format", "json"))
                mine = [str(call["id"]) for call in waiting if call["agent"] == grant]
                if mine:
                    (held,) = mine
                    return held
                await asyncio.sleep(0.05)  # the call is on its way to another process


async def final(
    client: Client, tool: str, arguments: dict[str, Any], waiting: asyncio.Task[CallToolResult]
) -> CallToolResult:
    """The call's end: on a busy machine its first answer may be that it still waits."""
    result = await waiting
    for _ in range(30):
        if "same arguments to learn the outcome" not in said(result):
            break
        result = await client.call_tool(tool, arguments)
    return result


@pytest.fixture(scope="module")
async def operated(
    upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Operated]:
    folder = tmp_path_factory.mktemp("operated")
    write(folder / "policy.json", POLICY)
    labels = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    manifest = write(
        folder / "gateway.json",
        {
            "servers": {
                "shop": {
                    "upstream": upstream.url,
                    "private_network": True,
                    "policies": {"p": "policy.json"},
                }
            },
            "grants": {label: {"server": "shop", "policy": "p"} for label in labels},
        },
    )
    async with serving(folder / "data", str(manifest)) as gateway:
        yield Operated(gateway, folder)


def message(body: str) -> dict[str, Any]:
    return {"to": "+15005550006", "body": body}


TARGETS = {
    "a grant": ("--grant", "one"),
    "a server": ("--server", "shop"),
    "everything": ("--all",),
}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
async def test_what_is_paused_is_denied_until_it_is_resumed(
    operated: Operated, upstream: Upstream, target: tuple[str, ...]
) -> None:
    body = f"paused {target[-1]}"
    async with operated.agent() as client:
        await client.call_tool("send_message", message(body))
        await operated.does("pause", *target)
        paused = await client.call_tool("send_message", message(body))
        await operated.does("resume", *target)
        resumed = await client.call_tool("send_message", message(body))
    assert paused.is_error and "paused" in said(paused)
    assert not resumed.is_error
    assert await upstream.calls("send_message", body=body) == 2


async def test_a_paused_grant_stops_no_other(operated: Operated) -> None:
    await operated.does("pause", "--grant", "two")
    async with operated.agent("one") as client:
        assert not (await client.call_tool("list_customers", {})).is_error
    await operated.does("resume", "--grant", "two")


async def test_a_revoked_grant_is_refused_from_its_next_call(
    operated: Operated, upstream: Upstream
) -> None:
    async with operated.agent("three") as client:
        await client.call_tool("send_message", message("revoked"))
        await operated.does("grant", "revoke", "three")
        with pytest.raises(MCPError, match="a valid grant token"):
            await client.call_tool("send_message", message("revoked"))
    assert await upstream.calls("send_message", body="revoked") == 1
    listed = json.loads(await operated.does("grant", "list", "--all", "--format", "json"))
    assert {"three": "revoked"}.items() <= {each["name"]: each["status"] for each in listed}.items()


async def test_a_new_token_works_and_an_old_one_ends_at_once_where_that_is_asked(
    operated: Operated,
) -> None:
    out = operated.folder / "token"
    async with operated.agent("four") as before:
        await before.call_tool("list_customers", {})
        printed = await operated.does("grant", "rotate", "four", "--at-once", "--out", str(out))
        token = out.read_text().strip()
        assert token not in printed and out.stat().st_mode & 0o777 == 0o600
        async with agent(operated.gateway.url("shop"), token) as client:
            assert not (await client.call_tool("list_customers", {})).is_error
        with pytest.raises(MCPError, match="a valid grant token"):
            await before.call_tool("list_customers", {})


async def test_a_policy_that_is_put_decides_the_next_call_and_rolling_back_the_one_after(
    operated: Operated, upstream: Upstream
) -> None:
    closed = write(operated.folder / "closed.json", {"version": "1", "default": "deny"})
    broken = operated.folder / "broken.json"
    broken.write_text('{"version": "1"')
    async with operated.agent() as client:
        await operated.does("policy", "put", "shop", "p", str(closed))
        denied = await client.call_tool("send_message", message("put"))
        await operated.does("policy", "rollback", "shop", "p")
        allowed = await client.call_tool("send_message", message("put"))
        code, printed = await operated.fails("policy", "put", "shop", "p", str(broken))
        kept = await client.call_tool("send_message", message("put"))
    assert (code, denied.is_error, allowed.is_error, kept.is_error) == (2, True, False, False)
    assert "does not compile" in printed
    assert await upstream.calls("send_message", body="put") == 2
    told = json.loads(await operated.does("policy", "history", "shop", "p", "--format", "json"))
    assert [each["in_force"] for each in told] == [False, False, True]
    assert told[0]["revision"] == told[2]["revision"] != told[1]["revision"]
    assert told[0]["by"].endswith("(serve)") and told[1]["by"]
    shown = await operated.does("policy", "show", "shop", "p")
    assert json.loads(shown) == POLICY


async def test_an_operators_yes_runs_a_held_call_once(
    operated: Operated, upstream: Upstream
) -> None:
    refund = {"charge": "ch_operator", "amount": 250.0}
    async with operated.agent("seven") as client:
        waiting = asyncio.create_task(client.call_tool("create_refund", refund))
        held = await operated.held("seven")
        shown = await operated.does("approvals", "show", held)
        assert '"ch_operator"' in shown and "Refunds need a person." in shown
        sealed = await operated.does("approvals", "show", held, "--no-arguments")
        assert "ch_operator" not in sealed
        code, printed = await operated.fails(
            "approvals", "approve", held, "--as", "eve@example.com"
        )
        assert code == 2 and "ops@example.com, cfo@example.com" in printed
        assert await upstream.calls("create_refund", charge="ch_operator") == 0
        await operated.does("approvals", "approve", held[:8], "--as", "OPS@example.com")
        result = await final(client, "create_refund", refund, waiting)
        repeated = await operated.fails("approvals", "approve", held, "--as", "cfo@example.com")
    assert not result.is_error and "for ch_operator succeeded" in said(result)
    assert await upstream.calls("create_refund", charge="ch_operator") == 1
    assert repeated[0] == 2 and "executed" in repeated[1]
    told = json.loads(await operated.does("approvals", "show", held, "--format", "json"))
    (answer,) = told["answers"]
    assert answer["approver"] == "ops@example.com" and answer["operator"]


async def test_an_operator_cannot_say_yes_twice_where_two_are_asked(
    operated: Operated, upstream: Upstream
) -> None:
    charge = {"customer": "cus_operator", "amount": 1.0, "currency": "usd"}
    async with operated.agent("eight") as client:
        waiting = asyncio.create_task(client.call_tool("create_charge", charge))
        held = await operated.held("eight")
        first = await operated.does("approvals", "approve", held, "--as", "ops@example.com")
        assert "still waits" in first
        code, printed = await operated.fails(
            "approvals", "approve", held, "--as", "Ops@Example.com"
        )
        assert code == 2 and "nobody counts twice" in printed
        assert await upstream.calls("create_charge", customer="cus_operator") == 0
        await operated.does("approvals", "approve", held, "--as", "cfo@example.com")
        result = await final(client, "create_charge", charge, waiting)
    assert not result.is_error
    assert await upstream.calls("create_charge", customer="cus_operator") == 1


async def test_an_operators_no_ends_a_held_call(operated: Operated, upstream: Upstream) -> None:
    refund = {"charge": "ch_rejected_here", "amount": 250.0}
    async with operated.agent("nine") as client:
        waiting = asyncio.create_task(client.call_tool("create_refund", refund))
        held = await operated.held("nine")
        await operated.does("approvals", "reject", held, "--note", "Not this one.")
        result = await final(client, "create_refund", refund, waiting)
    assert result.is_error and "Not this one." in said(result)
    assert await upstream.calls("create_refund", charge="ch_rejected_here") == 0


async def test_a_call_approved_while_its_grant_is_paused_is_not_run(
    operated: Operated, upstream: Upstream
) -> None:
    refund = {"charge": "ch_paused", "amount": 250.0}
    async with operated.agent("five") as client:
        waiting = asyncio.create_task(client.call_tool("create_refund", refund))
        held = await operated.held("five")
        await operated.does("pause", "--grant", "five")
        await operated.does("approvals", "approve", held, "--as", "ops@example.com")
        result = (await asyncio.gather(waiting, return_exceptions=True))[0]
    assert isinstance(result, BaseException) or result.is_error
    assert await upstream.calls("create_refund", charge="ch_paused") == 0


async def test_the_log_is_followed_and_searched_and_holds_no_values(operated: Operated) -> None:
    data = ("--data", str(operated.folder / "data"))
    following = await Child.start(
        "handler.cli.main", "log", "tail", "--follow", "--grant", "six", "--format", "json", *data
    )
    try:
        async with operated.agent("six") as client:
            await client.call_tool("send_message", message("canary-value"))
            line = (await following.says(r'^(\{[^\n]*"decided"[^\n]*)\n')).group(1)
            await client.call_tool("delete_customer", {"customer": "canary-value"})
            await following.says(r'"effect": "deny"')
    finally:
        following.signal(signal.SIGINT)
        assert await following.end() == 0
    record = json.loads(line)
    assert (record["tool"], record["label"], record["effect"]) == ("send_message", "six", "allow")
    found = await operated.does("log", "search", "--grant", "six", "--effect", "deny")
    (denied,) = found.splitlines()
    assert re.fullmatch(r"\S+Z  \S+  deny  six  shop/delete_customer\(customer\)  .+", denied)
    everything = await operated.does("log", "search", "--since", "1h", "--format", "json")
    assert "canary-value" not in everything + following.text + found
    kinds = {json.loads(line)["record"] for line in everything.splitlines()}
    assert {"decided", "ended"} <= kinds <= {"decided", "held", "ended"}


async def test_a_running_gateway_forgets_records_past_their_retention(
    upstream: Upstream, tmp_path: Path
) -> None:
    data = Folder.open(tmp_path / "data")
    store, day = SQLiteStore(data.database), 86_400.0
    kept = {"call": "young", "at": time.time() - 6 * day}
    for record in ({"call": "old", "at": time.time() - 8 * day}, kept):
        await store.journal.append(record)
    policy = write(tmp_path / "policy.json", POLICY)
    options = ("--policy", str(policy), "--upstream", upstream.url, "--retention-days", "7")
    child = await Child.start(
        "tests.end_to_end.impatient", "serve", *options, "--port", "0", "--data", str(data.path)
    )
    await child.says("^cleaned$")
    assert await child.stop() == 0
    assert await store.journal.recent(10) == [kept]
    await store.close()


async def test_a_client_that_listens_is_told_of_the_end_and_does_not_hold_it_up(
    upstream: Upstream, tmp_path: Path
) -> None:
    policy = write(tmp_path / "p.json", {"version": "1", "default": "allow", "tools": {}})
    options = ("--policy", str(policy), "--upstream", upstream.url)
    async with (
        serving(tmp_path / "data", *options) as gateway,
        agent(gateway.url(), gateway.token) as client,
        client.listen(tools_list_changed=True) as heard,
    ):
        stopping = asyncio.create_task(gateway.child.stop())
        async with asyncio.timeout(PATIENCE):
            assert [event async for event in heard] == []
        assert await stopping == 0
    assert "graceful shutdown exceeded" not in gateway.child.text  # open requests are cut off then


async def test_a_grant_made_by_hand_works_after_the_gateway_starts_again(
    upstream: Upstream, tmp_path: Path
) -> None:
    """With the short form there is no file that could name it."""
    policy = write(tmp_path / "policy.json", POLICY)
    short = ("--policy", str(policy), "--upstream", upstream.url)
    data, token_file = tmp_path / "data", tmp_path / "token"
    async with serving(data, *short) as gateway:
        create = ("grant", "create", "second", "--server", "upstream", "--policy", "policy")
        for command in (create, ("grant", "token", "second", "--out", str(token_file))):
            code, printed = await refused(*command, "--data", str(data))
            assert code == 0, printed
        first = gateway.token
    async with serving(data, *short) as gateway:
        assert set(gateway.tokens) == {"agent"} and gateway.token != first
        for token in (token_file.read_text().strip(), gateway.token):
            async with agent(gateway.url(), token) as client:
                assert "Ada Lovelace" in said(await client.call_tool("list_customers", {}))


async def test_a_held_call_is_found_by_its_agents_trace(operated: Operated) -> None:
    async with operated.agent("ten") as client:
        with in_trace():
            refund = {"charge": "ch_traced", "amount": 1.0}
            waiting = asyncio.create_task(client.call_tool("create_refund", refund))
        held = await operated.held("ten")
        found = await operated.does("log", "search", "--trace", TRACE, "--format", "json")
        decided, holding = map(json.loads, found.splitlines())
        assert (decided["effect"], holding["approval"]) == ("require_approval", held)
        shown = json.loads(await operated.does("approvals", "show", held, "--format", "json"))
        assert (shown["trace"], shown["call"]) == (TRACE, decided["call"])
        await operated.does("approvals", "reject", held)
        assert (await final(client, "create_refund", refund, waiting)).is_error
