"""What `make emulated KEEP=1` shows a person, and how it ends."""

import asyncio
import os
import re
import signal

import pytest

from handler.demo.agent import agent, said
from tests.deployed.showing import facts, stay
from tests.deployed.stage import Deployed
from tests.patience import PATIENCE

pytestmark = pytest.mark.anyio


async def test_the_address_and_the_token_that_are_shown_reach_the_gateway(
    deployed: Deployed,
) -> None:
    shown = dict(re.findall(r"^(gateway|token) +(\S+)$", await facts(deployed), re.MULTILINE))
    async with agent(shown["gateway"], shown["token"]) as client:
        assert "Ada Lovelace" in said(await client.call_tool("list_customers", {}))


async def test_mails_are_shown_until_somebody_ends_it(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    token = await deployed.token("shown-mails")
    before = signal.getsignal(signal.SIGINT)
    staying = asyncio.create_task(stay(deployed))
    refund = {"charge": "ch_shown", "amount": 250.0}
    printed = ""
    async with agent(deployed.url(), token, "legacy") as client:
        held = asyncio.create_task(client.call_tool("create_refund", refund))
        async with asyncio.timeout(PATIENCE):
            while "/approve/" not in printed:
                await asyncio.sleep(0.05)  # the workflow mails from another process
                printed += capsys.readouterr().err
        await held
    assert "stays until Ctrl-C" in printed and "mail to ops@example.com" in printed
    assert not staying.done()
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.wait_for(staying, PATIENCE)
    assert signal.getsignal(signal.SIGINT) is before
