"""Standing streams: what a server says unasked reaches those who may hear it, while they may."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from handler.gateway import places
from handler.gateway.bounds import Bounds
from handler.gateway.revisions import SUBSCRIPTION_KEY
from handler.gateway.server import Drift, Server
from handler.grants.model import GrantStatus
from tests.clear import CLEAR
from tests.gateway.shifting import tool
from tests.gateway.telling import Teller, notice, teller
from tests.gateway.test_upstreams import answer, scripted
from tests.gateway.world import (
    LEGACY,
    Ahead,
    Gateway,
    UpstreamProcess,
    gateway,
    legacy,
    modern,
    upstream_process,
)
from tests.patience import PATIENCE

OPEN: dict[str, Any] = {"version": "1", "default": "allow"}
QUICK = Bounds(look_seconds=0.1)
TOOLS = notice("tools/list_changed")
PROMPTS = notice("prompts/list_changed")
LOG = notice("message", level="info", data="x")
UPDATED = notice("resources/updated", uri="test://a")


@pytest.fixture(scope="module")
def telling() -> Iterator[UpstreamProcess]:
    with upstream_process("tests.gateway.telling") as found:
        yield found


@pytest.fixture
def tells() -> Iterator[Teller]:
    with teller() as found:
        yield found


@pytest.fixture
def quick(tmp_path: Path, tells: Teller) -> Iterator[Gateway]:
    """A gateway that looks often, before an upstream whose streams the test writes."""
    with gateway(tmp_path, "http://127.0.0.1:9", bounds=QUICK) as found:
        found.register(Server("crm", tells.url, private_network=True), OPEN)
        yield found


@dataclass
class Listening:
    """A client's side of one stream, by hand."""

    answer: httpx2.Response

    def __post_init__(self) -> None:
        self._lines = self.answer.iter_lines()

    def next(self) -> Any:
        """The next message; None at the end."""
        until = time.monotonic() + PATIENCE
        for line in self._lines:
            assert time.monotonic() < until, "nothing came but silence"
            if line.startswith("data: "):
                return json.loads(line[6:])
        return None

    def silence(self) -> bool:
        """Whether the next thing that comes is a comment."""
        return next(self._lines).startswith(":")


@contextmanager
def listens(door: Gateway, token: str | None = None, **wanted: Any) -> Iterator[Listening]:
    body, headers = modern("subscriptions/listen", {"notifications": wanted})
    sent = {**heads(door, token), "Content-Type": "application/json", **headers}
    with httpx2.stream("POST", door.endpoint(), json=body, headers=sent, **CLEAR) as answer:
        yield Listening(answer)


@contextmanager
def follows(door: Gateway, token: str | None = None, **more: str) -> Iterator[Listening]:
    sent = {**heads(door, token), "MCP-Protocol-Version": LEGACY, **more}
    with httpx2.stream("GET", door.endpoint(), headers=sent, **CLEAR) as answer:
        yield Listening(answer)


def heads(door: Gateway, token: str | None) -> dict[str, str]:
    accept = "application/json, text/event-stream"
    return {"Authorization": f"Bearer {token or door.token}", "Accept": accept}


@pytest.mark.anyio
async def test_a_modern_client_hears_that_the_tools_changed_and_lists_them_again(
    tmp_path: Path, telling: UpstreamProcess
) -> None:
    with gateway(tmp_path, telling.url) as door:
        door.register(replace(door.servers["crm"]), OPEN)
        async with door.client() as client, client.listen(tools_list_changed=True) as heard:
            assert (await client.session.discover()).capabilities.tools.list_changed  # type: ignore[union-attr]
            await client.call_tool("grow", {"name": "modern_one", "legacy": False})
            with anyio.fail_after(PATIENCE):
                event = await anext(heard)
            assert type(event).__name__ == "ToolsListChanged"
            assert "modern_one" in [tool.name for tool in (await client.list_tools()).tools]


@pytest.mark.anyio
async def test_a_legacy_client_hears_that_the_tools_changed_and_lists_them_again(
    tmp_path: Path, telling: UpstreamProcess
) -> None:
    heard = anyio.Event()

    async def told(message: Any) -> None:
        if "ToolListChanged" in type(message).__name__ + repr(message):
            heard.set()

    telling.forget()
    with gateway(tmp_path, telling.url) as door:
        door.register(replace(door.servers["crm"]), OPEN)
        async with door.client("legacy", message_handler=told) as client:
            with anyio.fail_after(PATIENCE):
                while not [r for r in telling.recorded()["requests"] if r["method"] == "GET"]:
                    await anyio.sleep(0.02)
                await client.call_tool("grow", {"name": "legacy_one", "legacy": True})
                await heard.wait()
            assert "legacy_one" in [tool.name for tool in (await client.list_tools()).tools]


@pytest.mark.anyio
@pytest.mark.parametrize(("allow", "agreed"), [((), False), (("resources",), True)])
async def test_updates_of_resources_are_heard_only_where_resources_are_allowed(
    tmp_path: Path, telling: UpstreamProcess, allow: tuple[str, ...], agreed: bool
) -> None:
    with gateway(tmp_path, telling.url) as door:
        door.register(replace(door.servers["crm"], allow=allow), OPEN)
        wanted: dict[str, Any] = {"tools_list_changed": True, "prompts_list_changed": True}
        async with (
            door.client() as client,
            client.listen(**wanted, resource_subscriptions=["test://a"]) as heard,
        ):
            assert heard.honored.tools_list_changed and not heard.honored.prompts_list_changed
            assert bool(heard.honored.resource_subscriptions) is agreed
            await client.call_tool("touch", {"uri": "test://a", "legacy": False})
            name = f"one_{agreed}".lower()
            await client.call_tool("grow", {"name": name, "legacy": False})
            with anyio.fail_after(PATIENCE):
                event = await anext(heard)
            assert type(event).__name__ == ("ResourceUpdated" if agreed else "ToolsListChanged")


def test_only_what_was_asked_for_agreed_to_and_is_allowed_is_passed_on(
    quick: Gateway, tells: Teller
) -> None:
    quick.register(replace(quick.servers["crm"], allow=("logging",)))
    tells.acknowledges = {"toolsListChanged": True, "resourceSubscriptions": ["test://a"]}
    with listens(quick, toolsListChanged=True, promptsListChanged=True, x=1) as client:
        assert client.next()["params"]["notifications"] == {"toolsListChanged": True}
        question = {"jsonrpc": "2.0", "id": 1.5, "method": "roots/list", "params": {}}
        tells.stream().say(LOG, PROMPTS, UPDATED, question, TOOLS)
        heard = client.next()
    assert tells.filters == [{"toolsListChanged": True}]
    assert heard["method"] == TOOLS["method"]
    assert heard["params"]["_meta"] == {SUBSCRIPTION_KEY: 1}


def test_nothing_is_passed_on_before_it_is_agreed_to(quick: Gateway, tells: Teller) -> None:
    tells.acknowledges = {}
    with listens(quick, toolsListChanged=True) as client:
        assert client.next()["params"]["notifications"] == {}
        stream = tells.stream()
        stream.say(TOOLS, {"jsonrpc": "2.0", "id": 1, "result": {"resultType": "complete"}})
        assert client.next()["result"]["_meta"] == {SUBSCRIPTION_KEY: 1}
        assert client.next() is None


@pytest.mark.parametrize("value", [[], "all", None, ...])
def test_a_filter_that_is_none_is_refused(quick: Gateway, tells: Teller, value: Any) -> None:
    body, headers = modern("subscriptions/listen", {} if value is ... else {"notifications": value})
    answer = quick.post(body, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32602)
    assert tells.filters == []


def test_a_legacy_stream_passes_what_the_registration_allows_and_refuses_the_rest(
    quick: Gateway, tells: Teller
) -> None:
    quick.register(replace(quick.servers["crm"], allow=("resources", "roots")))
    roots = {"jsonrpc": "2.0", "id": "r", "method": "roots/list", "params": {}}
    sampling = {**roots, "id": "s", "method": "sampling/createMessage"}
    response = {"jsonrpc": "2.0", "id": 1, "result": {}}
    with follows(quick) as client:
        tells.stream().say(LOG, PROMPTS, sampling, response, UPDATED, roots, TOOLS)
        heard = [client.next().get("method") for _ in range(3)]
    assert heard == [UPDATED["method"], "roots/list", TOOLS["method"]]
    (refused,) = [each for each in tells.bodies if each["id"] == "s"]
    assert refused["error"]["code"] == -32601


@pytest.mark.parametrize("change", ["revoked", "rotated", "grant paused", "server paused", "moved"])
@pytest.mark.parametrize("open_stream", [listens, follows])
def test_a_stream_ends_with_the_right_to_it_and_nothing_more_is_passed_on(
    quick: Gateway, tells: Teller, open_stream: Any, change: str
) -> None:
    grant, server = quick.grants["g1"], quick.servers["crm"]
    wanted = {"toolsListChanged": True} if open_stream is listens else {}
    with open_stream(quick, **wanted) as client:
        stream = tells.stream()
        stream.say(TOOLS)
        while client.next()["method"] != TOOLS["method"]:
            pass
        if change == "revoked":
            quick.change(replace(grant, status=GrantStatus.REVOKED))
        elif change == "rotated":
            quick.grant("g1")
        elif change == "grant paused":
            quick.change(replace(grant, status=GrantStatus.PAUSED))
        elif change == "server paused":
            quick.register(replace(server, paused=True))
        else:
            quick.register(replace(server, upstream="http://127.0.0.1:9/mcp"))
        stream.say(TOOLS)
        heard = client.next()
        if open_stream is listens:
            assert heard["result"]["resultType"] == "complete"
            heard = client.next()
        assert heard is None
    assert tells.left.acquire(timeout=PATIENCE)


def test_a_silent_stream_ends_too(quick: Gateway, tells: Teller) -> None:
    with follows(quick) as client:
        tells.stream()
        assert client.silence()
        quick.change(replace(quick.grants["g1"], status=GrantStatus.REVOKED))
        assert client.next() is None
    assert tells.left.acquire(timeout=PATIENCE)


def test_a_family_that_is_closed_while_a_stream_is_open_is_not_heard_any_more(
    quick: Gateway, tells: Teller
) -> None:
    quick.register(replace(quick.servers["crm"], allow=("resources",)))
    wanted: dict[str, Any] = {"toolsListChanged": True, "resourceSubscriptions": ["test://a"]}
    with listens(quick, **wanted) as client:
        assert client.next()["params"]["notifications"] == wanted
        stream = tells.stream()
        stream.say(UPDATED)
        assert client.next()["params"]["uri"] == "test://a"
        quick.register(replace(quick.servers["crm"], allow=()))
        stream.say(UPDATED, TOOLS)
        assert client.next()["method"] == TOOLS["method"]


def test_a_stream_does_not_outlive_its_time(tmp_path: Path, tells: Teller) -> None:
    clock = Ahead()
    with gateway(tmp_path, "http://127.0.0.1:9", bounds=QUICK, clock=clock) as door:
        door.register(Server("crm", tells.url, private_network=True), OPEN)
        with listens(door, toolsListChanged=True) as client:
            tells.stream()
            assert client.next()["method"].endswith("acknowledged")
            clock.seconds = QUICK.standing_seconds
            assert client.next()["result"]["resultType"] == "complete"
            assert client.next() is None


@pytest.mark.parametrize(
    "raw", ["data: {\n\n", f"data: {'x' * 1_100_000}\n\n", "data: \xff\n\n", None]
)
def test_a_stream_that_cannot_be_read_ends(quick: Gateway, tells: Teller, raw: str | None) -> None:
    with follows(quick) as client:
        tells.stream().raw(raw)
        assert client.next() is None
    assert tells.left.acquire(timeout=PATIENCE)


def test_the_upstream_is_let_go_when_the_client_leaves(quick: Gateway, tells: Teller) -> None:
    with follows(quick):
        tells.stream()
    assert tells.left.acquire(timeout=PATIENCE)


def test_a_grant_has_so_many_streams_and_another_grant_has_its_own(
    quick: Gateway, tells: Teller
) -> None:
    other = quick.grant("g2")
    with ExitStack() as stack:
        enter = stack.enter_context
        for _ in range(places.MOST_OF_A_GRANT):
            enter(follows(quick))
        assert enter(follows(quick)).answer.status_code == 405
        refused = enter(listens(quick, toolsListChanged=True)).answer
        assert json.loads(refused.read())["error"]["code"] == -32603
        assert enter(follows(quick, other)).answer.status_code == 200
    for _ in range(places.MOST_OF_A_GRANT + 1):
        assert tells.left.acquire(timeout=PATIENCE)
    until = time.monotonic() + PATIENCE
    while not opens(quick):
        assert time.monotonic() < until, "no place was given back"


def opens(door: Gateway) -> bool:
    with follows(door) as client:
        return client.answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "application/json"},
        {"MCP-Protocol-Version": "2026-07-28"},
        {"MCP-Protocol-Version": "1999-01-01"},
        {"Last-Event-ID": "1"},
    ],
)
def test_a_get_that_opens_no_stream_is_a_405(
    quick: Gateway, tells: Teller, headers: dict[str, str]
) -> None:
    with follows(quick, **headers) as client:
        assert client.answer.status_code == 405
    assert tells.opened.empty()


def test_a_get_with_a_wrong_token_or_a_foreign_session_opens_nothing(
    quick: Gateway, tells: Teller
) -> None:
    with follows(quick, "hp_g1_wrong") as client:
        assert client.answer.status_code == 401
    with follows(quick, **{"Mcp-Session-Id": "abc"}) as client:
        assert client.answer.status_code == 404
    quick.change(replace(quick.grants["g1"], status=GrantStatus.PAUSED))
    with follows(quick) as client:
        assert client.answer.status_code == 405
    assert tells.opened.empty()


def test_where_answers_are_buffered_nothing_is_listened_to(tmp_path: Path, tells: Teller) -> None:
    with gateway(tmp_path, "http://127.0.0.1:9", bounds=Bounds(streaming=False)) as door:
        door.register(Server("crm", tells.url, private_network=True), OPEN)
        with follows(door) as client:
            assert client.answer.status_code == 405
        with listens(door, toolsListChanged=True) as client:
            assert client.next()["params"]["notifications"] == {}
            assert client.next()["result"]["resultType"] == "complete"
    assert tells.opened.empty() and tells.filters == []


@pytest.mark.parametrize("streaming", [True, False])
def test_changes_are_advertised_only_where_they_can_be_heard(
    tmp_path: Path, telling: UpstreamProcess, streaming: bool
) -> None:
    body, headers = modern("server/discover", {})
    with gateway(tmp_path, telling.url, bounds=Bounds(streaming=streaming)) as door:
        found = door.post(body, headers=headers).json()["result"]["capabilities"]
    assert found["tools"]["listChanged"] is streaming


def test_a_call_is_checked_against_a_newer_list_once_the_server_said_that_its_tools_changed(
    tmp_path: Path, telling: UpstreamProcess
) -> None:
    """The list before it is younger than a minute, and would have let the call go on."""
    telling.forget()
    with gateway(tmp_path, telling.url, bounds=QUICK) as door:
        door.register(replace(door.servers["crm"], drift=Drift.HOLD), OPEN)
        before = door.call("plain", {}).json()["result"]
        with listens(door, toolsListChanged=True) as client:
            client.next()
            assert not door.call("alter", {}).json()["result"].get("isError")
            assert client.next()["method"] == TOOLS["method"]
        after = door.call("plain", {}).json()["result"]
    assert before["content"][0]["text"] == "nothing" and telling.calls == [{"tool": "plain"}]
    assert after["_meta"]["holdpoint/decision"]["rule"] == "(drift)"


def test_a_change_that_is_told_of_in_a_call_counts_too(door: Gateway) -> None:
    def lists(description: str) -> bytes:
        return result({"resultType": "complete", "tools": [tool("pay", description)]})

    final = {"jsonrpc": "2.0", "id": 1, "result": {"resultType": "complete", "content": []}}
    stream = "".join(f"data: {json.dumps(each)}\n\n" for each in (TOOLS, final))
    paid = answer("200 OK", stream, "text/event-stream")
    with scripted(lists("Pay."), paid, lists("Pay, and more.")) as (url, requests):
        door.register(Server("crm", url, private_network=True, drift=Drift.HOLD), OPEN)
        assert not door.call("pay", {}).text.count("drift")
        assert "(drift)" in door.call("pay", {}).text
    assert len(requests) == 3


def result(value: Any) -> bytes:
    """A response to the gateway's own list."""
    whole = {"jsonrpc": "2.0", "id": "holdpoint-list", "result": value}
    return answer("200 OK", json.dumps(whole))


def test_a_legacy_session_has_its_own_stream(tmp_path: Path, telling: UpstreamProcess) -> None:
    info = {"name": "test", "version": "1"}
    opening = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": info}
    with gateway(tmp_path, telling.url) as door:
        session = door.post(legacy("initialize", opening)[0]).headers["mcp-session-id"]
        with follows(door, **{"Mcp-Session-Id": session}) as client:
            assert client.answer.status_code == 200
            with follows(door, door.grant("g2"), **{"Mcp-Session-Id": session}) as foreign:
                assert foreign.answer.status_code == 404
