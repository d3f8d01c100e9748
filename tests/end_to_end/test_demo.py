"""`holdpoint demo` does what it tells."""

import asyncio
import re
import signal

import pytest

from handler.demo.agent import agent, said
from handler.demo.child import Child
from tests.patience import PATIENCE

pytestmark = pytest.mark.anyio


async def test_the_demo_ends_well_without_a_terminal() -> None:
    child = await Child.start("handler.cli.main", "demo")
    assert await child.end() == 0, child.text
    assert "All as promised" in child.text
    assert "FAILED" not in child.text and "✗" not in child.text
    assert "\033" not in child.text
    for scene in range(1, 6):
        assert re.search(rf"^{scene}  ", child.text, re.MULTILINE)


async def test_a_kept_demo_serves_until_it_is_interrupted() -> None:
    child = await Child.start("handler.cli.main", "demo", "--keep")
    try:
        ready = await child.says(
            r"Still running.*gateway\s+(?P<url>http\S+).*token\s+(?P<token>hp_\S+).*then open", 60
        )
        async with agent(ready["url"], ready["token"]) as client:
            assert "Ada" in said(await client.call_tool("list_customers", {}))
        child.signal(signal.SIGINT)
        async with asyncio.timeout(PATIENCE):
            assert await child.end() == 0, child.text
    finally:
        await child.stop()
