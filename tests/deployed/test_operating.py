"""The operators' commands on a deployed stack: the same ones, with `--stack`. On an emulator."""

import asyncio
import json

import pytest

from handler.demo.agent import agent, said
from infra.emulated_stack import NAME
from tests.deployed.stage import POLICY, Deployed
from tests.end_to_end.stage import command, write

pytestmark = pytest.mark.anyio


async def fails(*arguments: str) -> tuple[int, str]:
    return await command(*arguments, "--stack", NAME, "--region", "us-east-1")


async def does(*arguments: str) -> str:
    """The output of a command that works."""
    code, printed = await fails(*arguments)
    assert code == 0, printed
    return printed


async def test_commands_change_what_a_stack_does_from_the_next_call(deployed: Deployed) -> None:
    await deployed.token("operated")
    out = deployed.folder / "operated.token"
    await does("grant", "rotate", "operated", "--at-once", "--out", str(out))
    token = out.read_text().strip()
    (deployed.folder / "closed.json").write_text('{"version": "1", "default": "deny"}')
    async with agent(deployed.url(), token, "legacy") as client:
        assert not (await client.call_tool("list_customers", {})).is_error
        await does("pause", "--grant", "operated")
        paused = await client.call_tool("list_customers", {})
        await does("resume", "--grant", "operated")
        await does("pause", "--all")
        stopped = await client.call_tool("list_customers", {})
        await does("resume", "--all")
        await does("policy", "put", "shop", "default", str(deployed.folder / "closed.json"))
        closed = await client.call_tool("list_customers", {})
        await does("policy", "rollback", "shop", "default")
        assert not (await client.call_tool("list_customers", {})).is_error
    assert all(result.is_error for result in (paused, stopped, closed))
    told = json.loads(await does("policy", "history", "shop", "default", "--format", "json"))
    assert "arn:aws:" in told[-1]["by"] and told[-1]["in_force"]
    shown = json.loads(await does("grant", "show", "operated", "--format", "json"))
    assert (shown["status"], shown["url"]) == ("active", deployed.url())
    found = await does("log", "search", "--grant", "operated", "--effect", "deny")
    assert "(paused)" in found and "shop/list_customers()" in found


async def test_an_operators_yes_wakes_the_workflow_and_the_call_runs_once(
    deployed: Deployed,
) -> None:
    token = await deployed.token("answered")
    refund = {"charge": "ch_operated", "amount": 250.0}
    async with agent(deployed.url(), token, "legacy") as client:
        waiting = asyncio.create_task(client.call_tool("create_refund", refund))
        await deployed.mailbox.mail("ch_operated")
        listed = json.loads(await does("approvals", "list", "--format", "json"))
        (held,) = [each["id"] for each in listed if each["agent"] == "answered"]
        shown = await does("approvals", "show", held)
        assert '"ch_operated"' in shown
        await does("approvals", "approve", held, "--as", "ops@example.com")
        result = await waiting
        for _ in range(30):  # a legacy client is told to ask again with the same arguments
            if not result.is_error:
                break
            result = await client.call_tool("create_refund", refund)
    assert "for ch_operated succeeded" in said(result)
    assert await deployed.upstream.calls("create_refund", charge="ch_operated") == 1


async def test_a_server_and_a_grant_come_and_go_by_hand(deployed: Deployed) -> None:
    policy, out = write(deployed.folder / "hand.json", POLICY), deployed.folder / "hand.token"
    place = ("--upstream", deployed.upstream.url, "--private-network", "--policy", f"p={policy}")
    added = await does("server", "add", "hand", *place)
    assert "holdpoint grant create NAME --server hand --stack holdpoint" in added
    await does("grant", "create", "by-hand", "--server", "hand", "--policy", "p")
    await does("grant", "token", "by-hand", "--out", str(out))
    token = out.read_text().strip()
    code, printed = await fails("grant", "token", "by-hand", "--out", str(out))
    assert code == 2 and "is there already" in printed and out.read_text().strip() == token
    async with agent(f"{deployed.stack.gateway_url}/hand", token, "legacy") as client:
        assert not (await client.call_tool("list_customers", {})).is_error
        await does("pause", "--server", "hand")
        assert (await client.call_tool("list_customers", {})).is_error
        await does("resume", "--server", "hand")
        refund = {"charge": "ch_hand", "amount": 250.0}
        waiting = asyncio.create_task(client.call_tool("create_refund", refund))
        await deployed.mailbox.mail("ch_hand")
        listed = json.loads(await does("approvals", "list", "--format", "json"))
        (held,) = [each["id"] for each in listed if each["agent"] == "by-hand"]
        await does("approvals", "reject", held, "--note", "Not this one.")
        await waiting
        told = said(await client.call_tool("create_refund", refund))
        assert "rejected" in told.lower() and "Not this one." in told
    assert "by-hand" in await does("log", "tail", "--grant", "by-hand")
    code, printed = await fails("server", "remove", "hand")
    assert code == 2 and "revoke them first (by-hand)" in printed
    await does("grant", "revoke", "by-hand")
    code, printed = await fails("grant", "revoke", "by-hand")
    assert code == 2 and "is revoked, which is final" in printed
    await does("server", "remove", "hand")
    assert "hand" not in await does("server", "list")
    assert await deployed.upstream.calls("create_refund", charge="ch_hand") == 0


async def test_apply_on_a_stack_names_the_limits_that_cost_a_transaction(
    deployed: Deployed,
) -> None:
    pool = {"counter": "pool", "window": "day", "max": 9_000, "scope": "server"}
    people = {"counter": "people", "window": "day", "max": 5, "per": ["args.to"]}
    own = {"counter": "own", "window": "day", "max": 5}
    policy = {**POLICY, "tools": {"send": {"limits": [own, pool, people]}}}
    write(deployed.folder / "paid.json", policy)
    place = {"upstream": deployed.upstream.url, "private_network": True}
    entry = {**place, "policies": {"p": "paid.json"}}
    manifest = write(deployed.folder / "dear.json", {"servers": {"paid": entry}, "grants": {}})
    code, printed = await fails("apply", str(manifest), "--dry-run")
    assert code == 1
    assert "beside its grant: /tools/send/limits/pool, /tools/send/limits/people" in printed
    _, text = await fails("apply", str(manifest), "--dry-run", "--format", "json")
    limits = ["/tools/send/limits/pool", "/tools/send/limits/people"]
    found = json.loads(text[: text.rindex("}") + 1])["transactions"]
    assert found == [{"server": "paid", "policy": "p", "limits": limits}]


@pytest.mark.parametrize("reference", ["env:SHOP_KEY", "ssm:/shop/key", "secretsmanager:shop"])
async def test_apply_on_a_stack_refuses_references_that_its_functions_cannot_follow(
    deployed: Deployed, reference: str
) -> None:
    """They have no variables of the operator's, and may read what is under the stack's name."""
    entry = {
        "upstream": deployed.upstream.url,
        "private_network": True,
        "policies": {},
        "headers": {"Authorization": reference},
    }
    manifest = write(deployed.folder / "env.json", {"servers": {"shop": entry}, "grants": {}})
    code, printed = await fails("apply", str(manifest), "--dry-run")
    assert code == 2 and "`ssm:/holdpoint/holdpoint/NAME` or" in printed


async def test_a_stack_that_is_not_there_is_said(deployed: Deployed) -> None:
    code, printed = await command("grant", "list", "--stack", "other", "--region", "us-east-1")
    assert code == 2 and "cannot read the stack `other` in us-east-1" in printed


COMPLAINTS = {
    "keys that are not good": ({"AWS_ACCESS_KEY_ID": "AKIANOBODY"}, "sign in again"),
    "no keys": ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "set AWS_PROFILE"),
    "half of the keys": ({"AWS_SECRET_ACCESS_KEY": ""}, "AWS_SECRET_ACCESS_KEY"),
    "another profile": ({"AWS_PROFILE": "typo"}, "`aws configure list-profiles` shows all"),
    "another region": ({"AWS_DEFAULT_REGION": "eu-west-1"}, "--region where it is elsewhere"),
    "no region": ({"AWS_DEFAULT_REGION": ""}, "give --region, or set AWS_REGION"),
    "no such region": ({"AWS_DEFAULT_REGION": "e u"}, "give --region as AWS writes it"),
    "nobody there": ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "look at the network"),
}
"""An environment that is otherwise than it should be, and what its owner is told to do."""


@pytest.mark.parametrize("complaint", COMPLAINTS)
async def test_who_cannot_reach_the_stack_is_told_what_to_do(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, complaint: str
) -> None:
    wrong, advice = COMPLAINTS[complaint]
    for name, text in {"HOME": "/nonexistent", **wrong}.items():
        monkeypatch.setenv(name, text)
        if not text:
            monkeypatch.delenv(name)
    code, printed = await command("grant", "list", "--stack", NAME)
    assert code == 2
    assert advice in printed and "unexpected" not in printed


async def test_an_empty_name_is_no_data_folder(deployed: Deployed) -> None:
    """As a shell gives it where a variable is not set."""
    code, printed = await command("pause", "--all", "--stack", "")
    assert code == 2 and "--stack is empty" in printed
