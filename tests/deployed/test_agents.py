"""What an agent sees of a deployed stack, by the official client. Proven on an emulator."""

import asyncio
import copy
from collections import Counter

import httpx2
import pytest

from handler.approvals.lifecycle import Status
from handler.demo.agent import agent, said
from handler.demo.browser import open_page
from handler.grants.model import GrantStatus
from handler.oauth.model import WELL_KNOWN
from tests.deployed.stage import POLICY, Deployed
from tests.end_to_end.stage import link_in
from tests.gateway.world import modern
from tests.oauth.authority import CLIENT, FOREIGN, authorization_server
from tests.patience import PATIENCE

pytestmark = pytest.mark.anyio


async def test_a_call_is_allowed_and_another_denied(deployed: Deployed) -> None:
    token = await deployed.token("first")
    async with agent(deployed.url(), token) as client:
        allowed = await client.call_tool("list_customers", {})
        denied = await client.call_tool("delete_customer", {"customer": "cus_deployed"})
    assert not allowed.is_error and "Ada Lovelace" in said(allowed)
    assert denied.is_error and "[POLICY DENIED]" in said(denied)
    assert await deployed.upstream.calls("delete_customer", customer="cus_deployed") == 0


async def test_a_limit_is_exact_for_several_clients_at_once(deployed: Deployed) -> None:
    token = await deployed.token("limited")

    async def send(client_number: int) -> list[bool]:
        async with agent(deployed.url(), token) as client:
            return [
                (await client.call_tool("send_message", {"to": "+1", "body": "limited"})).is_error
                for _ in range(3)
            ]

    answers = await asyncio.gather(*(send(number) for number in range(4)))
    assert Counter(error for each in answers for error in each) == {False: 3, True: 9}
    assert await deployed.upstream.calls("send_message", body="limited") == 3


async def test_limits_of_a_grant_and_of_its_server_are_taken_together(deployed: Deployed) -> None:
    token = await deployed.token("charging")
    charge = {"customer": "cus_charging", "amount": 1.0, "currency": "usd"}
    async with agent(deployed.url(), token) as client:
        errors = [(await client.call_tool("create_charge", charge)).is_error for _ in range(3)]
    assert errors == [False, False, True]
    assert await deployed.upstream.calls("create_charge", customer="cus_charging") == 2


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_approved_call_runs_once_and_its_result_reaches_the_agent(
    deployed: Deployed, mode: str
) -> None:
    token, charge = await deployed.token(f"approved-{mode}"), f"ch_deployed_{mode}"
    refund = {"charge": charge, "amount": 250.0}
    async with agent(deployed.url(), token, mode) as client:
        waiting = asyncio.create_task(client.call_tool("create_refund", refund))
        mail = await deployed.mailbox.mail(charge)
        assert mail["To"] == "ops@example.com"
        link = link_in(mail)
        page = await asyncio.to_thread(open_page, link)
        assert page.status == 200 and charge in page.html
        assert await deployed.upstream.calls("create_refund", charge=charge) == 0
        assert await deployed.press(link, "approve") == "Approved"
        result = await waiting
        for _ in range(30):  # a legacy client is told to ask again with the same arguments
            if not result.is_error:
                break
            result = await client.call_tool("create_refund", refund)
    assert not result.is_error and f"for {charge} succeeded" in said(result)
    assert await deployed.upstream.calls("create_refund", charge=charge) == 1


async def test_a_rejected_call_never_runs_and_the_agent_is_told(deployed: Deployed) -> None:
    token, charge = await deployed.token("rejected"), "ch_deployed_rejected"
    refund = {"charge": charge, "amount": 250.0}
    async with agent(deployed.url(), token, "legacy") as client:
        waiting = asyncio.create_task(client.call_tool("create_refund", refund))
        link = await deployed.mailbox.link(charge)
        assert await deployed.press(link, "reject") == "Rejected"
        await waiting
        result = await client.call_tool("create_refund", refund)
        assert (await asyncio.to_thread(open_page, link)).title == "This link is not open"
    assert result.is_error and "rejected" in said(result).lower()
    assert await deployed.upstream.calls("create_refund", charge=charge) == 0


async def test_a_grant_revoked_between_request_and_approval_keeps_the_call_from_running(
    deployed: Deployed,
) -> None:
    token, charge = await deployed.token("revoked"), "ch_deployed_revoked"
    async with agent(deployed.url(), token, "legacy") as client:
        waiting = asyncio.create_task(
            client.call_tool("create_refund", {"charge": charge, "amount": 250.0})
        )
        link = await deployed.mailbox.link(charge)
        await waiting
    await deployed.change("revoked", status=GrantStatus.REVOKED)
    await deployed.press(link, "approve")
    ledger = deployed.stack.store.ledger
    async with asyncio.timeout(PATIENCE):
        while True:
            held = next(a for a in await ledger.approvals(50) if a.grant_label == "revoked")
            if held.status is Status.FAILED:
                break
            await asyncio.sleep(0.1)  # the workflow runs in another process: there is no event
    assert "denied now" in held.detail
    assert await deployed.upstream.calls("create_refund", charge=charge) == 0


async def test_pause_and_a_policy_edit_hold_from_the_next_call(deployed: Deployed) -> None:
    token = await deployed.token("edited")
    edited = copy.deepcopy(POLICY)
    del edited["tools"]["list_customers"]
    async with agent(deployed.url(), token, "legacy") as client:
        assert not (await client.call_tool("list_customers", {})).is_error
        await deployed.apply(edited)
        assert (await client.call_tool("list_customers", {})).is_error
        await deployed.apply(POLICY)
        assert not (await client.call_tool("list_customers", {})).is_error
        await deployed.change("edited", status=GrantStatus.PAUSED)
        paused = await client.call_tool("list_customers", {})
        assert paused.is_error and "paused" in said(paused)


async def test_an_access_token_opens_what_its_grant_may_until_the_file_says_otherwise(
    deployed: Deployed,
) -> None:
    with authorization_server() as issuer:
        rule = {"claim": "client_id", "value": CLIENT, "grant": "signed-in"}
        named = {"issuer": issuer.issuer, "private_network": True, "grants": [rule]}
        await deployed.apply(POLICY, "signed-in", oauth=named)
        token = issuer.token(deployed.url())
        async with agent(deployed.url(), token) as client:
            assert "Ada Lovelace" in said(await client.call_tool("list_customers", {}))
        base_url = deployed.stack.gateway_url.removesuffix("/mcp")
        for path in ("", "/mcp/shop"):
            async with httpx2.AsyncClient(timeout=40) as http:
                told = await http.get(f"{base_url}{WELL_KNOWN}{path}")
            assert told.json()["resource"] == deployed.url()
        before = await deployed.upstream.calls("list_customers")
        for wrong in (issuer.token(deployed.url(), FOREIGN), issuer.token(deployed.url() + "x")):
            assert await status(deployed, wrong) == 401
        await deployed.apply(POLICY)
        assert await status(deployed, token) == 401
        assert await deployed.upstream.calls("list_customers") == before


async def status(deployed: Deployed, token: str) -> int:
    """What a call by hand is answered with."""
    body, headers = modern("tools/call", {"name": "list_customers", "arguments": {}})
    sent = {**headers, "Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(timeout=40) as http:
        return (await http.post(deployed.url(), json=body, headers=sent)).status_code
