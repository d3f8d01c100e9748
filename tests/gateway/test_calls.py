"""Tool calls through the official client: what is allowed arrives, what is denied does not."""

import pytest
from mcp.types import CallToolResult, TextContent

from tests.gateway.world import Gateway, UpstreamProcess

MODES = ("auto", "legacy", "2026-07-28")

pytestmark = pytest.mark.anyio


def text(result: CallToolResult) -> str:
    content = result.content[0]
    assert isinstance(content, TextContent)
    return content.text


@pytest.mark.parametrize("mode", MODES)
async def test_an_allowed_call_reaches_the_upstream_once_and_its_result_the_client(
    door: Gateway, upstream: UpstreamProcess, mode: str
) -> None:
    async with door.client(mode) as client:
        result = await client.call_tool("read_customer", {"id": "7"})
    assert (text(result), result.is_error) == ("customer 7", False)
    assert upstream.calls == [{"tool": "read_customer", "arguments": {"id": "7"}}]


@pytest.mark.parametrize("mode", MODES)
async def test_a_denied_call_never_reaches_the_upstream_and_leaves_the_session_usable(
    door: Gateway, upstream: UpstreamProcess, mode: str
) -> None:
    async with door.client(mode) as client:
        denied = await client.call_tool("create_charge", {"amount": 1, "currency": "gbp"})
        unlisted = await client.call_tool("transfer", {})
        hidden = await client.call_tool("delete_customer", {"id": "7"})
        assert upstream.calls == []
        allowed = await client.call_tool("read_customer", {"id": "7"})
    assert text(denied) == "[POLICY DENIED] Only USD or EUR."
    assert denied.is_error and denied.meta is not None
    rule = "/tools/create_charge/require/args.currency-in"
    facts = dict(denied.meta["holdpoint/decision"])
    assert facts.pop("call") and facts.pop("trace")
    assert facts == {"effect": "deny", "rule": rule, "index": 0}
    assert unlisted.meta is not None and hidden.meta is not None
    assert unlisted.meta["holdpoint/decision"]["rule"] == "(default deny)"
    assert hidden.meta["holdpoint/decision"]["rule"] == "(hidden)"
    assert text(allowed) == "customer 7"


@pytest.mark.parametrize("mode", MODES)
async def test_tools_list_shows_all_but_the_hidden_in_the_upstream_s_order(
    door: Gateway, mode: str
) -> None:
    async with door.client(mode) as client:
        listed = await client.list_tools()
    names = [tool.name for tool in listed.tools]
    assert names == ["read_customer", "send_message", "create_charge", "count"]
