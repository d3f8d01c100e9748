"""What is wrong gets one clear message that says what to do, and exit code 2."""

import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp.shared._httpx_utils import create_mcp_http_client

from handler.demo.agent import agent, said
from tests.end_to_end.stage import EXAMPLES, Gateway, Upstream, refused, serving, write

pytestmark = pytest.mark.anyio

POLICY = str(EXAMPLES / "seed-limit.json")
NOWHERE = "http://127.0.0.1:9/mcp"
CALL: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "send_message", "arguments": {"to": "+15005550006", "body": "malformed"}},
}


@pytest.fixture(scope="module")
async def gateway(
    upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    """A gateway for all that is wrong with calls."""
    data = tmp_path_factory.mktemp("bad") / "data"
    async with serving(data, "--policy", POLICY, "--upstream", upstream.url) as running:
        yield running


async def serve_refused(tmp_path: Path, *arguments: str) -> str:
    """What `serve` says before it ends with 2, having made nothing on disk."""
    data = tmp_path / "data"
    code, printed = await refused("serve", *arguments, "--port", "0", "--data", str(data))
    assert code == 2
    assert "Traceback" not in printed
    assert printed.count("holdpoint: ") == 1
    assert not data.exists()
    return printed


async def test_a_policy_that_does_not_compile_is_drawn_and_nothing_starts(tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    source = '{"version": "1", "default": "deny", "tools": {"a": {"deny": []}}}'
    policy.write_text(source)
    column = source.index('"deny": []') + 1
    printed = await serve_refused(tmp_path, "--policy", str(policy), "--upstream", NOWHERE)
    assert f"the policy {policy} does not compile" in printed
    assert f"{policy}:1:{column}: E" in printed and "^^^^^^" in printed and "deny_if" in printed


async def test_a_policy_that_is_not_there_is_named(tmp_path: Path) -> None:
    printed = await serve_refused(tmp_path, "--policy", "no.json", "--upstream", NOWHERE)
    assert "cannot read the policy no.json: No such file or directory" in printed


async def test_options_that_do_not_fit_together_say_which_do(tmp_path: Path) -> None:
    assert "--policy FILE and --upstream URL" in await serve_refused(tmp_path)
    both = await serve_refused(tmp_path, "gateway.json", "--policy", POLICY)
    assert "what --policy would say goes into the file" in both


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--smtp", "smtp://h", "--approver", "a@b"), "what --approver, --smtp would say goes"),
        (("--retention-days", "0"), "what --retention-days would say goes into the file"),
    ],
)
async def test_an_option_that_a_gateway_json_says_is_not_ignored(
    tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    printed = await serve_refused(tmp_path, str(EXAMPLES / "gateway.json"), *options)
    assert told in printed


@pytest.mark.parametrize(
    ("upstream", "told"),
    [
        ("http://[", "--upstream must be an absolute http or https URL"),
        ("http://192.0.2.1/mcp", "--upstream must be https; plain http is for a server on this"),
    ],
)
async def test_an_upstream_that_cannot_be_one_is_refused_in_the_options_words(
    tmp_path: Path, upstream: str, told: str
) -> None:
    printed = await serve_refused(tmp_path, "--policy", POLICY, "--upstream", upstream)
    assert told in printed and "private_network" not in printed


async def test_faults_of_options_name_the_option(tmp_path: Path) -> None:
    bad = ("--policy", POLICY, "--upstream", "ftp://x", "--approver", "ops")
    printed = await serve_refused(tmp_path, *bad)
    assert "--upstream must be an absolute http or https URL" in printed
    assert "--approver must be a mail address" in printed


async def test_a_gateway_json_with_faults_lists_them(tmp_path: Path) -> None:
    manifest = write(tmp_path / "gateway.json", {"servers": {}, "grant": {}})
    printed = await serve_refused(tmp_path, str(manifest))
    assert "`grant` is not a member that is known here; did you mean `grants`?" in printed
    assert "`grants` is missing" in printed


async def test_a_port_in_use_is_named_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, printed = await refused(
            "serve", "--policy", POLICY, "--upstream", NOWHERE, "--port", port,
            "--data", str(tmp_path / "data"),
        )  # fmt: skip
    assert code == 2
    assert f"port {port} on 127.0.0.1 is in use" in printed and "--port" in printed
    assert not (tmp_path / "data").exists()


async def test_a_data_folder_that_others_can_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    options = ("--policy", POLICY, "--upstream", NOWHERE, "--port", "0")
    code, printed = await refused("serve", *options, "--data", str(tmp_path / "open"))
    assert code == 2
    assert "can be read by others; run `chmod 700" in printed


async def test_an_upstream_that_is_not_there_is_said_at_the_start_and_to_the_agent(
    tmp_path: Path,
) -> None:
    options = ("--policy", POLICY, "--upstream", NOWHERE)
    async with serving(tmp_path / "data", *options) as gateway:
        assert "NOT REACHABLE: it does not accept connections" in gateway.child.text
        headers = {"Authorization": f"Bearer {gateway.token}"}
        async with create_mcp_http_client(headers=headers) as http:
            answer = await http.post(gateway.url(), json=CALL)
    assert answer.status_code == 200
    assert answer.json()["result"]["isError"] is True
    assert "reach" in json.dumps(answer.json())


async def test_a_wrong_token_gets_one_401_whatever_is_wrong_with_it(
    upstream: Upstream, gateway: Gateway
) -> None:
    grant = "_".join(gateway.token.split("_")[:2])
    wrong = [f"{grant}_{'A' * 43}", f"hp_0123456789abcdef_{'A' * 43}", "nonsense", ""]
    answers = []
    async with create_mcp_http_client() as http:
        for token in wrong:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            answers.append(await http.post(gateway.url(), json=CALL, headers=headers))
        good = {"Authorization": f"Bearer {gateway.token}"}
        answers.append(await http.post(gateway.url("other"), json=CALL, headers=good))
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert await upstream.calls("send_message", body="malformed") == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"jsonrpc": "2.0", "id": 1', -32700),
        (json.dumps(CALL).replace('"id": 1', '"id": 1, "id": 2').encode(), -32700),
        (json.dumps([CALL]).encode(), -32600),
        (json.dumps({**CALL, "params": {"name": 5}}).encode(), -32602),
        (json.dumps(CALL).replace('"id": 1', '"id": 0.12345678901234567891').encode(), -32602),
    ],
    ids=["cut off", "a key twice", "a batch", "a name that is a number", "excess digits"],
)
async def test_a_malformed_call_is_refused_and_never_forwarded(
    upstream: Upstream, gateway: Gateway, body: bytes, code: int
) -> None:
    headers = {"Authorization": f"Bearer {gateway.token}", "Content-Type": "application/json"}
    async with create_mcp_http_client(headers=headers) as http:
        answer = await http.post(gateway.url(), content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code
    assert answer.json()["error"]["message"]
    assert await upstream.calls("send_message", body="malformed") == 0


async def test_an_agent_with_a_good_token_still_sees_what_is_allowed(
    gateway: Gateway,
) -> None:
    """The counterpart of the refusals above: the same gateway does let a good call through."""
    async with agent(gateway.url(), gateway.token) as client:
        arguments = {"to": "+15005550006", "body": "well formed"}
        assert "queued" in said(await client.call_tool("send_message", arguments))
