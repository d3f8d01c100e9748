"""`holdpoint wrap` between the official client and real servers on standard streams."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import httpx2
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from handler.clock import SystemClock
from handler.demo.agent import said
from handler.notify.outbox import Outbox
from tests.clear import CLEAR
from tests.clients import tools
from tests.end_to_end.stage import serving, write
from tests.patience import PATIENCE

pytestmark = pytest.mark.anyio

PLAIN = "^/.*/[a-z]+$"
TWICE = {"counter": "reads", "window": 31_622_400, "max": 2, "scope": "grant"}
POLICY: dict[str, Any] = {
    "version": "1",
    "default": "deny",
    "tools": {
        "read_customer": {"limits": [TWICE]},
        "count": {},
        "grow": {},
        "echo": {},
        "get-sum": {},
        "trigger-long-running-operation": {},
        "write_file": {
            "require": [
                {
                    "conditions": [{"path": "args.path", "op": "regex", "value": PLAIN}],
                    "on_deny": "Only plain names.",
                }
            ]
        },
        "create_charge": {
            "approve_if": [
                {
                    "conditions": [{"path": "args.amount", "op": "gt", "value": 500}],
                    "reason": "Charges above 500 need a person.",
                    "approvers": ["ops@example.com"],
                }
            ],
        },
    },
}

EVERYTHING = "@modelcontextprotocol/server-everything/dist/index.js"
FILES = "@modelcontextprotocol/server-filesystem/dist/index.js"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The official client takes a server that has not started within 10 s for a legacy one."""
    monkeypatch.setattr("mcp.client.session.DISCOVER_TIMEOUT_SECONDS", PATIENCE)


@pytest.fixture
def reached(tmp_path: Path) -> Path:
    return tmp_path / "reached"


@pytest.fixture
def own(reached: Path) -> list[str]:
    """Our own server, which writes down what reaches it."""
    return [sys.executable, "-m", "tests.stdio.server", str(reached)]


def calls(reached: Path) -> list[dict[str, Any]]:
    return (
        [json.loads(line) for line in reached.read_text().splitlines()] if reached.exists() else []
    )


def wrapped(folder: Path, command: list[str], *options: str) -> list[str]:
    policy = write(folder / "policy.json", POLICY)
    data = ("--policy", str(policy), "--data", str(folder / "data"))
    return ["-m", "handler.cli.main", "wrap", *data, *options, "--", *command]


@asynccontextmanager
async def client(
    folder: Path,
    command: list[str],
    *options: str,
    mode: Literal["auto", "legacy"] | str = "auto",
    env: Mapping[str, str] | None = None,
    **more: Any,
) -> AsyncIterator[Client]:
    """The official client, which starts `holdpoint wrap` as it would start the server."""
    arguments = wrapped(folder, command, *options)
    path = {"PYTHONPATH": str(Path.cwd()), **(env or {})}
    started = StdioServerParameters(command=sys.executable, args=arguments, env=path)
    with (folder / "errors").open("a") as errors:
        async with Client(stdio_client(started, errlog=errors), mode=mode, **more) as found:
            yield found


@pytest.mark.parametrize("mode", ["auto", "legacy", "2026-07-28"])
async def test_a_client_lists_calls_and_is_refused_in_every_era(
    tmp_path: Path, own: list[str], reached: Path, mode: str
) -> None:
    steps: list[float] = []

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        steps.append(progress)

    async with client(tmp_path, own, mode=mode) as agent:
        assert agent.protocol_version == ("2025-11-25" if mode == "legacy" else "2026-07-28")
        names = {tool.name for tool in (await agent.list_tools()).tools}
        assert names == {"read_customer", "create_charge", "count", "grow"}
        assert said(await agent.call_tool("read_customer", {"id": "7"})) == "customer 7 \u2028 é"
        counted = await agent.call_tool("count", {"to": 3}, progress_callback=heard)
        assert said(counted) == "counted to 3" and steps == [1, 2, 3]
        await agent.call_tool("read_customer", {"id": "8"})
        full = await agent.call_tool("read_customer", {"id": "9"})
        assert full.is_error and "reads" in said(full)
        refused = await agent.call_tool("delete_customer", {"id": "7"})
        assert refused.is_error and "[POLICY DENIED]" in said(refused)
        with pytest.raises(MCPError):
            await agent.list_resources()
    assert [call["tool"] for call in calls(reached)] == ["read_customer", "count", "read_customer"]


async def test_a_modern_client_hears_that_the_tools_changed(tmp_path: Path, own: list[str]) -> None:
    async with client(tmp_path, own) as agent:
        for name in ("one", "two"):
            async with asyncio.timeout(PATIENCE), agent.listen(tools_list_changed=True) as heard:
                await agent.call_tool("grow", {"name": name, "legacy": False})
                await anext(heard)
            assert name in {tool.name for tool in (await agent.list_tools()).tools}


async def test_a_legacy_client_hears_that_the_tools_changed(tmp_path: Path, own: list[str]) -> None:
    heard = asyncio.Event()

    async def told(message: Any) -> None:
        if "tools/list_changed" in repr(message):
            heard.set()

    async with client(tmp_path, own, mode="legacy", message_handler=told) as agent:
        async with asyncio.timeout(PATIENCE):
            await agent.call_tool("grow", {"name": "one", "legacy": True})
            await heard.wait()
        assert "one" in {tool.name for tool in (await agent.list_tools()).tools}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_held_call_runs_once_after_a_person_approves_it(
    tmp_path: Path, own: list[str], reached: Path, mode: str
) -> None:
    arguments = {"amount": 700, "currency": "usd"}
    async with client(tmp_path, own, mode=mode) as agent:
        asked = asyncio.create_task(agent.call_tool("create_charge", arguments))
        await approve(tmp_path / "data")
        assert said(await asked) == "charged 700 usd"
        again = await agent.call_tool("create_charge", arguments)
        assert "not repeated" in said(again)
    assert calls(reached) == [{"tool": "create_charge", **arguments}]


async def approve(data: Path) -> None:
    """Say yes to the only mail."""
    box = Outbox(data / "outbox", SystemClock())
    async with asyncio.timeout(PATIENCE), httpx2.AsyncClient(**CLEAR) as browser:
        while not (data / "outbox").exists() or not (mails := box.mails()):
            await asyncio.sleep(0.05)
        link = re.search(r"http://\S+/approve/\S+", mails[0].text)
        assert link is not None
        page = await browser.get(link[0])
        fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', page.text))
        origin = {"Origin": f"http://{page.url.netloc.decode()}"}
        done = await browser.post(link[0], data={**fields, "answer": "approve"}, headers=origin)
        assert done.status_code == 200


async def test_what_was_counted_stays_counted_when_the_client_starts_it_again(
    tmp_path: Path, own: list[str], reached: Path
) -> None:
    for id in ("1", "2", "3"):
        async with client(tmp_path, own) as agent:
            result = await agent.call_tool("read_customer", {"id": id})
            assert result.is_error == (id == "3")
    assert [call["id"] for call in calls(reached)] == ["1", "2"]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_real_npm_server_works_as_without_the_gateway(tmp_path: Path, mode: str) -> None:
    command = [tools.node(), tools.package(EVERYTHING)]
    steps: list[float] = []

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        steps.append(progress)

    async with client(tmp_path, command, mode=mode) as agent:
        assert agent.server_info is not None
        assert agent.server_info.name == "mcp-servers/everything"
        assert said(await agent.call_tool("echo", {"message": "hi"})) == "Echo: hi"
        long = ("trigger-long-running-operation", {"duration": 0.3, "steps": 3})
        assert "completed" in said(await agent.call_tool(*long, progress_callback=heard))
        assert steps == [1, 2, 3]
        refused = await agent.call_tool("get-env", {})
        assert refused.is_error and "[POLICY DENIED]" in said(refused)


async def test_a_denied_write_never_touches_the_disk(tmp_path: Path) -> None:
    allowed = tmp_path / "files"
    allowed.mkdir()
    command = [tools.node(), tools.package(FILES), str(allowed)]
    policy_path = str(allowed)
    async with client(tmp_path, command) as agent:
        bad = await agent.call_tool("write_file", {"path": f"{policy_path}/UPPER", "content": "x"})
        assert bad.is_error and "Only plain names." in said(bad)
        assert list(allowed.iterdir()) == []
        good = await agent.call_tool("write_file", {"path": f"{policy_path}/plain", "content": "x"})
        assert not good.is_error, said(good)
    assert (allowed / "plain").read_text() == "x"


async def test_the_agent_and_the_program_see_no_address_of_mails_in_the_log(
    tmp_path: Path, own: list[str]
) -> None:
    async with client(tmp_path, own):
        errors = (tmp_path / "errors").read_text()
    assert "is enforced" in errors and "/outbox/" not in errors
    assert (tmp_path / "data" / "outbox.address").stat().st_mode & 0o077 == 0


class Line:
    """`holdpoint wrap` spoken to by hand."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def send(self, text: str | dict[str, Any]) -> None:
        assert self.process.stdin is not None
        line = text if isinstance(text, str) else json.dumps(text)
        self.process.stdin.write(line.encode() + b"\n")
        await self.process.stdin.drain()

    async def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            found: dict[str, Any] = json.loads(await self.process.stdout.readline())
        return found

    async def ask(self, text: str | dict[str, Any]) -> dict[str, Any]:
        await self.send(text)
        return await self.read()

    async def leave(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()


@asynccontextmanager
async def by_hand(folder: Path, command: list[str]) -> AsyncIterator[Line]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *wrapped(folder, command),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    line = Line(process)
    try:
        yield line
    finally:
        if process.returncode is None:
            await line.leave()


OPENING = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "hand", "version": "1"},
    },
}
CALL = (
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"count","arguments":{"to":1}}}'
)


async def test_lines_that_cannot_be_judged_are_refused_and_the_next_one_is_served(
    tmp_path: Path, own: list[str], reached: Path
) -> None:
    async with by_hand(tmp_path, own) as line:
        assert (await line.ask(OPENING))["result"]["protocolVersion"] == "2025-11-25"
        await line.send('{"jsonrpc":"2.0","method":"notifications/initialized"}')
        for bad, code in (
            ("{", -32700),
            (f"[{CALL}]", -32600),
            (CALL.replace('"to":1', '"to":1,"to":2'), -32700),
            (CALL.replace('"id":1,', ""), -32600),
            (CALL.replace('"id":1', '"id":1,"result":{}'), -32600),
            (CALL.replace('"name":"count"', '"name":7'), -32602),
        ):
            assert (await line.ask(bad))["error"]["code"] == code, bad
        assert calls(reached) == []
        answer = await line.ask(CALL)
        assert answer["id"] == 1 and answer["result"]["isError"] is False
        assert await line.leave() == 0
    assert len(calls(reached)) == 1


async def test_a_line_without_an_end_ends_the_gateway_and_not_the_memory(
    tmp_path: Path, own: list[str]
) -> None:
    async with by_hand(tmp_path, own) as line:
        await line.send("x" * 3_000_000)
        assert "too long" in (await line.read())["error"]["message"]
        async with asyncio.timeout(PATIENCE):
            assert await line.process.wait() == 0


async def test_when_the_client_leaves_the_program_ends(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    odd = [sys.executable, "-m", "tests.stdio.odd", "well", str(pids)]
    async with by_hand(tmp_path, odd) as line:
        await line.ask(CALL.replace("tools/call", "server/discover"))
        await line.ask(OPENING)
        (pid,) = map(int, pids.read_text().split())
        os.kill(pid, 0)
        assert await line.leave() == 0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_when_a_session_s_program_ends_the_client_is_told_and_left(tmp_path: Path) -> None:
    file = write(tmp_path / "dying.py", "")
    file.write_text(
        "import json\n"
        "i = json.loads(input())\n"
        "r = {'protocolVersion': '2025-11-25', 'capabilities': {}, 'serverInfo': {}}\n"
        "print(json.dumps({'jsonrpc': '2.0', 'id': i['id'], 'result': r}), flush=True)\n"
        "input()\n"
    )
    async with by_hand(tmp_path, [sys.executable, str(file)]) as line:
        assert "result" in await line.ask(OPENING)
        lost = await line.ask(CALL)
        assert lost["id"] == 1 and "[OUTCOME UNKNOWN]" in json.dumps(lost)
        over = await line.ask(CALL.replace('"id":1', '"id":"two"'))
        assert over["id"] == "two" and "error" in over
        async with asyncio.timeout(PATIENCE):
            assert await line.process.wait() == 2


async def test_two_clients_do_not_share_a_folder(tmp_path: Path, own: list[str]) -> None:
    script = (
        "import sys, handler.entry.wrap as w; w.TURN_SECONDS = 0.3\n"
        "from handler.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    async with client(tmp_path, own):
        second = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            script,
            *wrapped(tmp_path, own)[2:],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await second.communicate()
    assert second.returncode == 2 and out == b""
    assert b"is in use by another" in err and b"--data" in err


async def test_serve_starts_a_program_and_protects_it_over_http(
    tmp_path: Path, own: list[str], reached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "policy.json", POLICY)
    server = {
        "command": own,
        "policies": {"main": "policy.json"},
        "env": {"PYTHONPATH": "env:HERE"},
    }
    grant = {"server": "local", "policy": "main"}
    manifest = {"servers": {"local": server}, "grants": {"agent": grant}}
    path = write(tmp_path / "gateway.json", manifest)
    monkeypatch.setenv("HERE", str(Path.cwd()))
    async with serving(tmp_path / "data", str(path)) as gateway:
        headers = {"Authorization": f"Bearer {gateway.token}"}
        for mode in ("auto", "legacy"):
            async with over_http(gateway.url("local"), headers, mode) as agent:
                assert said(await agent.call_tool("read_customer", {"id": mode}))
                refused = await agent.call_tool("delete_customer", {"id": mode})
                assert refused.is_error
    assert [call["id"] for call in calls(reached)] == ["auto", "legacy"]


@asynccontextmanager
async def over_http(url: str, headers: dict[str, str], mode: str) -> AsyncIterator[Client]:
    async with httpx2.AsyncClient(headers=headers, **CLEAR) as http:
        transport = streamable_http_client(url, http_client=http)
        async with Client(transport, mode=mode) as found:
            yield found
