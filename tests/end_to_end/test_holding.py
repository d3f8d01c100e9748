"""A held call, from the agent's request over the mail to the agent's result."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from handler.demo.agent import agent, said
from handler.demo.browser import open_page
from handler.gateway.revisions import CAPABILITIES_KEY
from tests.end_to_end.stage import (
    Gateway,
    Mailbox,
    Upstream,
    gateway_of,
    link_in,
    mail_server,
    refused,
    serving,
    start_serving,
    write,
)
from tests.gateway.world import modern

pytestmark = pytest.mark.anyio

POLICY = {
    "version": "1",
    "default": "deny",
    "tools": {
        "create_refund": {"approve_if": [{"conditions": [], "reason": "Refunds need a person."}]},
        "create_charge": {
            "limits": [{"counter": "charges", "window": 31_622_400, "max": 2, "scope": "grant"}]
        },
    },
}


def refund(charge: str) -> dict[str, Any]:
    return {"charge": charge, "amount": 250.0}


@dataclass(frozen=True)
class Holding:
    """A gateway that holds refunds and mails to a mailbox."""

    gateway: Gateway
    mailbox: Mailbox


def options(policy: Path, upstream: Upstream, smtp: str) -> tuple[str, ...]:
    approver = ("--approver", "ops@example.com")
    return ("--policy", str(policy), "--upstream", upstream.url, "--smtp", smtp, *approver)


@asynccontextmanager
async def holding(folder: Path, upstream: Upstream) -> AsyncIterator[Holding]:
    policy, mailbox = write(folder / "p.json", POLICY), Mailbox()
    async with (
        mail_server(mailbox) as smtp,
        serving(folder / "data", *options(policy, upstream, smtp)) as gateway,
    ):
        yield Holding(gateway, mailbox)


@pytest.fixture(scope="module")
async def held(
    upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Holding]:
    """One that nothing happens to but calls and answers."""
    async with holding(tmp_path_factory.mktemp("holding"), upstream) as found:
        yield found


async def press(link: str, button: str) -> str:
    """Open a link and press a button; the title of the page that answers."""
    page = await asyncio.to_thread(open_page, link)
    answered = await asyncio.to_thread(page.press, button, note="Looked at it.")
    return answered.title


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_approved_call_runs_once_and_its_result_reaches_the_agent(
    upstream: Upstream, held: Holding, mode: str
) -> None:
    charge = f"ch_approved_{mode}"
    async with agent(held.gateway.url(), held.gateway.token, mode) as client:
        waiting = asyncio.create_task(client.call_tool("create_refund", refund(charge)))
        mail = await held.mailbox.mail(charge)
        assert mail["To"] == "ops@example.com"
        assert charge in str(mail) and "Refunds need a person." in str(mail)
        page = await asyncio.to_thread(open_page, link_in(mail))
        assert page.status == 200 and charge in page.html
        assert await upstream.calls("create_refund", charge=charge) == 0
        assert await press(link_in(mail), "approve") == "Approved"
        result = await waiting
    assert not result.is_error and f"for {charge} succeeded" in said(result)
    assert await upstream.calls("create_refund", charge=charge) == 1


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_rejected_call_never_runs_and_the_agent_is_told(
    upstream: Upstream, held: Holding, mode: str
) -> None:
    charge = f"ch_rejected_{mode}"
    async with agent(held.gateway.url(), held.gateway.token, mode) as client:
        waiting = asyncio.create_task(client.call_tool("create_refund", refund(charge)))
        link = await held.mailbox.link(charge)
        assert await press(link, "reject") == "Rejected"
        result = await waiting
        assert (await asyncio.to_thread(open_page, link)).title == "This link is not open"
    assert result.is_error and "rejected" in said(result).lower()
    assert await upstream.calls("create_refund", charge=charge) == 0


async def pay_and_ask(gateway: Gateway, paid: dict[str, Any], charge: str) -> None:
    async with agent(gateway.url(), gateway.token) as client:
        assert not (await client.call_tool("create_charge", paid)).is_error
        await client.call_tool("create_refund", refund(charge))


@pytest.mark.parametrize("reports", [False, True])
async def test_an_agent_that_waits_while_the_gateway_stops_is_told_to_ask_again(
    upstream: Upstream, tmp_path: Path, reports: bool
) -> None:
    charge = f"ch_stopping_{reports}"

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        """A client that takes progress is sent a stream."""

    async with (
        holding(tmp_path, upstream) as held,
        agent(held.gateway.url(), held.gateway.token, "legacy") as client,
    ):
        arguments = refund(charge)
        waiting = asyncio.create_task(
            client.call_tool("create_refund", arguments, progress_callback=heard)
            if reports
            else client.call_tool("create_refund", arguments)
        )
        await held.mailbox.mail()
        assert await held.gateway.child.stop() == 0
        result = await waiting
    assert "same arguments" in said(result)
    assert "Traceback" not in held.gateway.child.text
    code, printed = await refused("approvals", "list", "--data", str(tmp_path / "data"))
    assert code == 0 and "pending" in printed


async def test_a_crash_keeps_tallies_tokens_and_held_calls(
    upstream: Upstream, tmp_path: Path
) -> None:
    policy, mailbox, charge = write(tmp_path / "p.json", POLICY), Mailbox(), "ch_restart"
    paid = {"customer": "cus_restart", "amount": 1.0, "currency": "usd"}
    async with mail_server(mailbox) as smtp:
        data, serve = tmp_path / "data", options(policy, upstream, smtp)
        child = await start_serving(data, *serve)
        before = await gateway_of(child)
        lost = asyncio.create_task(pay_and_ask(before, paid, charge))
        link = await mailbox.link()
        child.kill()
        await child.end()
        assert isinstance((await asyncio.gather(lost, return_exceptions=True))[0], Exception)
        async with serving(data, *serve) as after:
            assert after.token != before.token
            # The token from before the restart is still good, and so is what it counted.
            async with agent(after.url(), before.token) as client:
                assert not (await client.call_tool("create_charge", paid)).is_error
                assert (await client.call_tool("create_charge", paid)).is_error
                moved = after.base + urlsplit(link).path
                assert await press(moved, "approve") == "Approved"
                result = await client.call_tool("create_refund", refund(charge))
    assert not result.is_error and f"for {charge} succeeded" in said(result)
    assert await upstream.calls("create_charge", customer="cus_restart") == 2
    assert await upstream.calls("create_refund", charge=charge) == 1


async def test_a_client_that_opens_addresses_is_shown_a_page_of_the_gateway_s_own(
    upstream: Upstream, tmp_path: Path
) -> None:
    """And a web page of another address may ask nothing, whatever its token."""
    rule = {"conditions": [], "approvers": ["ops@example.com"]}
    tools = {"send_message": {"approve_if": [rule]}}
    policy = write(tmp_path / "p.json", {"version": "1", "default": "deny", "tools": tools})
    body, headers = modern("tools/call", {"name": "send_message", "arguments": {"to": "page"}})
    body["params"]["_meta"][CAPABILITIES_KEY] = {"elicitation": {"url": {}}}
    async with (
        serving(tmp_path / "data", "--policy", str(policy), "--upstream", upstream.url) as gateway,
        httpx2.AsyncClient(headers={**headers, "Authorization": f"Bearer {gateway.token}"}) as http,
    ):
        foreign = {"Origin": "https://elsewhere.example"}
        refused = await http.post(gateway.url(), json=body, headers=foreign)
        held = await http.post(gateway.url(), json=body, headers={"Origin": gateway.base})
        asked = held.json()["result"]["inputRequests"]["approval"]["params"]
        page = await http.get(asked["url"])
    assert refused.status_code == 403
    assert asked["mode"] == "url" and asked["url"].startswith(f"{gateway.base}/status/")
    assert page.status_code == 200 and "Waiting for an answer" in page.text
    assert await upstream.calls("send_message", to="page") == 0
