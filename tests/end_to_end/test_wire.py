"""What comes over a real gateway's socket and is not one plain request calls nothing upstream."""

import asyncio
import json
import re
from collections.abc import AsyncIterator

import pytest

from tests.end_to_end.stage import Gateway, Upstream, serving, write
from tests.gateway.world import modern
from tests.patience import PATIENCE

pytestmark = pytest.mark.anyio

POLICY = {"version": "1", "default": "deny", "tools": {"send_message": {}}}
BODY, HEADERS = modern(
    "tools/call", {"name": "send_message", "arguments": {"to": "+1", "body": "@"}}
)


@pytest.fixture(scope="module")
async def gateway(
    upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    folder = tmp_path_factory.mktemp("wire")
    policy = str(write(folder / "p.json", POLICY))
    async with serving(folder / "data", "--policy", policy, "--upstream", upstream.url) as running:
        yield running


class Wire:
    """Writes requests byte by byte as they should not be."""

    def __init__(self, gateway: Gateway, mark: str) -> None:
        self._gateway = gateway
        self.body = json.dumps(BODY).replace("@", mark).encode()
        self.length = f"Content-Length: {len(self.body)}\r\n"

    def request(
        self,
        line: str = "POST /mcp/upstream HTTP/1.1",
        *more: str,
        framing: str | None = None,
        body: bytes | None = None,
    ) -> bytes:
        """A whole request; `more` are header lines with their ends."""
        known = {
            **HEADERS,
            "Host": "127.0.0.1",
            "Connection": "close",
            "Authorization": f"Bearer {self._gateway.token}",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in known.items())
        head = f"{line}\r\n{lines}{''.join(more)}{self.length if framing is None else framing}\r\n"
        return head.encode() + (self.body if body is None else body)

    def chunked(self, *more: str, end: bytes = b"\r\n") -> bytes:
        body = b"%x%b%b\r\n0\r\n\r\n" % (len(self.body), end, self.body)
        return self.request("POST /mcp/upstream HTTP/1.1", *more, framing="", body=body)

    async def answers(self, data: bytes) -> list[int]:
        """The statuses of what comes back until the gateway closes the connection."""
        host, port = self._gateway.base.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            writer.write(data)
            await writer.drain()
            async with asyncio.timeout(PATIENCE):
                answer = await reader.read()
        except ConnectionError:
            return []
        finally:
            writer.close()
        return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)]


CHUNKED = "Transfer-Encoding: chunked\r\n"

FRAMINGS = {
    "two lengths": lambda wire: wire.request(framing=wire.length + "Content-Length: 4\r\n"),
    "a length with a sign": lambda wire: wire.request(framing=wire.length.replace(": ", ": +")),
    "a length and chunks": lambda wire: wire.chunked(wire.length, CHUNKED),
    "chunks and a length": lambda wire: wire.chunked(CHUNKED, "Content-Length: 4\r\n"),
    "a coding like chunked": lambda wire: wire.chunked("Transfer-Encoding: xchunked\r\n"),
    "chunked and more": lambda wire: wire.chunked("Transfer-Encoding: chunked, identity\r\n"),
    "space before a colon": lambda wire: wire.chunked("Transfer-Encoding : chunked\r\n"),
    "a chunk without its return": lambda wire: wire.chunked(CHUNKED, end=b"\n"),
    "lines without returns": lambda wire: wire.request().replace(b"\r\n", b"\n"),
    "a folded header": lambda wire: wire.request("POST /mcp/upstream HTTP/1.1", "A: b\r\n c\r\n"),
    "a nul in a header": lambda wire: wire.request("POST /mcp/upstream HTTP/1.1", "A: \0\r\n"),
    "another protocol": lambda wire: wire.request(
        "POST /mcp/upstream HTTP/1.1", "Connection: Upgrade, close\r\nUpgrade: h2c\r\n"
    ),
    "a head past its bound": lambda wire: wire.request(
        "POST /mcp/upstream HTTP/1.1", f"A: {'a' * 1_000_000}\r\n"
    ),
    "headers past their bound": lambda wire: wire.request(
        "POST /mcp/upstream HTTP/1.1", *(f"A{number}: a\r\n" for number in range(50_000))
    ),
}

LINES = (
    "HEAD /mcp/upstream HTTP/1.1",
    "GET /mcp/upstream HTTP/1.1",
    "GET /mcp/upstream?_method=POST HTTP/1.1",
    "PUT /mcp/upstream HTTP/1.1",
    "post /mcp/upstream HTTP/1.1",
    "POST /mcp/upstream/ HTTP/1.1",
    "POST /mcp/upstream%2f HTTP/1.1",
    "POST /mcp%2fupstream HTTP/1.1",
    "POST /mcp/%75pstream HTTP/1.1",
    "POST /mcp/upstream%00 HTTP/1.1",
    "POST /mcp/Upstream HTTP/1.1",
    "POST /mcp/./upstream HTTP/1.1",
    "POST /mcp/x/../upstream HTTP/1.1",
    "POST //mcp/upstream HTTP/1.1",
    "POST /mcp/upstream;x HTTP/1.1",
    "POST * HTTP/1.1",
)


async def refused_untouched(upstream: Upstream, wire: Wire, mark: str, data: bytes) -> None:
    statuses = await wire.answers(data)
    assert all(status >= 400 for status in statuses), statuses
    assert await upstream.calls("send_message", body=mark) == 0


@pytest.mark.parametrize("case", FRAMINGS)
async def test_a_request_that_two_servers_could_cut_differently_calls_nothing(
    upstream: Upstream, gateway: Gateway, case: str
) -> None:
    wire = Wire(gateway, case)
    await refused_untouched(upstream, wire, case, FRAMINGS[case](wire))


@pytest.mark.parametrize("line", LINES)
async def test_only_a_post_to_the_plain_path_calls_anything(
    upstream: Upstream, gateway: Gateway, line: str
) -> None:
    wire = Wire(gateway, line)
    more = "X-HTTP-Method-Override: POST\r\n"
    await refused_untouched(upstream, wire, line, wire.request(line, more))


async def test_plain_requests_call_once_each(upstream: Upstream, gateway: Gateway) -> None:
    wire = Wire(gateway, "plain")
    assert await wire.answers(wire.request()) == [200]
    assert await wire.answers(wire.chunked(CHUNKED)) == [200]
    kept = wire.request().replace(b"Connection: close\r\n", b"")
    assert await wire.answers(kept + wire.request()) == [200, 200]
    assert await upstream.calls("send_message", body="plain") == 4


async def test_a_head_that_does_not_end_is_not_kept(gateway: Gateway) -> None:
    host, port = gateway.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /mcp/upstream HTTP/1.1\r\nA: ")
    sent = 0
    try:
        async with asyncio.timeout(PATIENCE):
            while not reader.at_eof() and sent < 100_000_000:
                writer.write(b"a" * 100_000)
                await writer.drain()
                sent += 100_000
    except ConnectionError:
        pass
    finally:
        writer.close()
    assert sent < 20_000_000
    assert "Invalid HTTP" not in gateway.child.text
