"""What a client of upstreams promises, whichever world it serves: the same rows for both."""

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handler.gateway.bounds import Bounds
from handler.gateway.buffered import BufferedUpstream
from handler.gateway.exchange import Arrived, Broken, Lost, NeverReached, TooLarge
from handler.gateway.server import Server
from handler.gateway.upstream import Upstream
from handler.secrets import Environment, Secrets
from tests.certificates import certificate
from tests.gateway.world import Adapter, both
from tests.peer import End, Peer, Step, answer, peer

BOUNDS = Bounds(connect_seconds=0.3, upstream_seconds=0.4, largest_answer=10_000)
HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
SECRETS = {"KEY": "s3cret", "BROKEN": "a\r\nInjected: b"}

Sender = Upstream | BufferedUpstream
Found = bytes | Lost | NeverReached | type[Exception]


def using(adapter: Adapter, test: Callable[[Sender], Awaitable[Any]]) -> Any:
    """What the test gives, with a client that is closed after it."""

    async def run() -> Any:
        sender = adapter(Secrets({"env": Environment(SECRETS)}), BOUNDS)
        try:
            return await test(sender)
        finally:
            await sender.close()

    return asyncio.run(run())


def at(url: str, **changes: Any) -> Server:
    return replace(Server("crm", url, private_network=True), **changes)


async def told(sender: Sender, server: Server, body: bytes = b"{}") -> Found:
    """The body that came, or what came of it."""
    found = await sender.send(server, HEADERS, body)
    if not isinstance(found, Arrived):
        return found
    async with found:
        try:
            return await found.body()
        except (Broken, TooLarge) as error:
            return type(error)


def asked(adapter: Adapter, server: Server, times: int = 1) -> list[Found]:
    """What came of so many requests, one after the other."""

    async def asking(sender: Sender) -> list[Found]:
        return [await told(sender, server, b"%d" % number) for number in range(times)]

    found: list[Found] = using(adapter, asking)
    return found


def numbers(found: Peer) -> list[int]:
    """The connection that each request came on."""
    return [number for number, _ in found.requests]


@both
def test_a_connection_serves_one_exchange_after_another(adapter: Adapter) -> None:
    with peer([answer("1"), answer("2", status="500 No"), answer("3")]) as found:
        assert asked(adapter, at(found.url), 3) == [b"1", b"2", b"3"]
    assert numbers(found) == [0, 0, 0]


@both
def test_a_connection_that_was_closed_while_it_lay_still_is_not_used_again(
    adapter: Adapter,
) -> None:
    async def asking(sender: Sender) -> list[Found]:
        first = await told(sender, at(found.url))
        await asyncio.to_thread(found.ended[0].wait)
        return [first, await told(sender, at(found.url))]

    with peer([answer("1"), End.LEFT], [answer("2")]) as found:
        assert using(adapter, asking) == [b"1", b"2"]
    assert numbers(found) == [0, 1]


@both
@pytest.mark.parametrize("end", [End.CLOSED, End.RESET])
def test_a_call_on_a_kept_connection_that_ends_under_it_is_lost_and_not_sent_again(
    adapter: Adapter, end: End
) -> None:
    """The server read it: whether it was processed nobody can tell."""
    with peer([answer("1"), end], [answer("2")]) as found:
        assert asked(adapter, at(found.url), 2) == [b"1", Lost("it broke off")]
    assert numbers(found) == [0, 0]


LATE = "it did not answer in time"
WHOLE = answer("whole")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
TO_THE_END = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\nwhole"
HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"

READ: dict[str, tuple[list[Step], Found]] = {
    "one with a length": ([WHOLE], b"whole"),
    "one in chunks": ([CHUNKED + b"3\r\nwho\r\n2;x=y\r\nle\r\n0\r\nTrailer: x\r\n\r\n"], b"whole"),
    "one until the end": ([[TO_THE_END], End.LEFT], b"whole"),
    "after interim answers": ([b"HTTP/1.1 100 Continue\r\n\r\n" + HINT + WHOLE], b"whole"),
    "a redirect": ([answer("here", "307 Moved", Location="/elsewhere")], b"here"),
    "nothing": ([b"HTTP/1.1 204 No Content\r\n\r\n"], b""),
    "too much": ([answer("x" * 20_000)], TooLarge),
    "too much in chunks": ([CHUNKED + b"4e20\r\n" + b"x" * 20_000 + b"\r\n0\r\n\r\n"], TooLarge),
    "a bomb": ([answer(b"\x1f\x8b" + b"x" * 98, Content_Encoding="gzip")], b"\x1f\x8b" + b"x" * 98),
    "half a body": ([[WHOLE[:-2]], End.LEFT], Broken),
    "half a chunk": ([[CHUNKED + b"5\r\nwho"], End.LEFT], Broken),
    "chunks without an end": ([[CHUNKED + b"5\r\nwhole\r\n"], End.LEFT], Broken),
    "half a head": ([[WHOLE[:20]], End.LEFT], Lost("it broke off")),
    "no HTTP": ([b"SSH-2.0-OpenSSH_9.9\r\n\r\n"], Lost("it broke off")),
    "silence": ([None], Lost(LATE)),
    "silence in a body": ([WHOLE[:-2]], Broken),
    "a head that drips": ([[b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n"] * 40]], Lost(LATE)),
}


@both
@pytest.mark.parametrize("case", READ)
def test_both_worlds_read_an_answer_alike(adapter: Adapter, case: str) -> None:
    script, expected = READ[case]
    with peer(script, [WHOLE]) as found:
        assert asked(adapter, at(found.url)) == [expected]
    assert numbers(found) == [0]
    assert found.pieces < 40


@both
def test_an_answer_that_came_after_another_is_not_taken_for_the_next(adapter: Adapter) -> None:
    """A connection on which more comes than was asked for is not used again."""
    with peer([WHOLE + answer("forged"), WHOLE], [answer("own")]) as found:
        assert asked(adapter, at(found.url), 2) == [b"whole", b"own"]
    assert numbers(found) == [0, 1]


@both
def test_events_are_given_as_they_come(adapter: Adapter) -> None:
    head = CHUNKED.replace(b"\r\n", b"\r\nContent-Type: text/event-stream\r\n", 1)
    pieces = [head, b"9\r\ndata: 1\n\n\r\n", b"9\r\ndata: 2\n\n\r\n", b"0\r\n\r\n"]

    async def asking(sender: Sender) -> list[tuple[str, int]]:
        arrived = await sender.send(at(found.url), HEADERS, b"{}")
        assert isinstance(arrived, Arrived)
        async with arrived:
            assert arrived.media == "text/event-stream"
            return [(text, found.pieces) async for text in arrived.events()]

    with peer([pieces]) as found:
        (first, seen), (second, _) = using(adapter, asking)
    assert (first, second) == ("1", "2")
    assert seen < len(pieces)


def lines(request: bytes) -> tuple[str, dict[str, str]]:
    """The first line and the headers, by names in lower case; no header may be there twice."""
    first, *rest = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    pairs = [(name.lower(), value) for name, _, value in (line.partition(": ") for line in rest)]
    assert len(dict(pairs)) == len(pairs)
    return first, dict(pairs)


@both
def test_both_worlds_write_a_request_alike(adapter: Adapter) -> None:
    with peer([WHOLE, WHOLE]) as found:
        server = at(f"{found.url}/é%20/%2f?a=ü&b=%26", headers={"X-Api-Key": "env:KEY"})

        async def asking(sender: Sender) -> None:
            await told(sender, server, "é".encode())
            arrived = await sender.send(server, {"Mcp-Session-Id": "1"}, None, "DELETE")
            assert isinstance(arrived, Arrived)
            arrived.close()

        using(adapter, asking)
    post, delete = (request for _, request in found.requests)
    target = "/mcp/%C3%A9%20/%2F?a=%C3%BC&b=%26"
    common = {
        "host": f"127.0.0.1:{found.port}",
        "accept-encoding": "identity",
        "user-agent": "holdpoint",
        "x-api-key": "s3cret",
    }
    sent = {name.lower(): value for name, value in HEADERS.items()}
    first, headers = lines(post)
    assert first.replace("%2f", "%2F") == f"POST {target} HTTP/1.1"
    assert headers == {**common, **sent, "content-length": "2"}
    assert post.endswith("\r\n\r\né".encode())
    first, headers = lines(delete)
    assert first.startswith("DELETE ")
    assert headers.pop("accept", "*/*") == "*/*"
    assert headers.pop("content-length", "0") == "0"
    assert headers == {**common, "mcp-session-id": "1"}


@both
@pytest.mark.parametrize("reference", ["env:BROKEN", "env:NOT_THERE"])
def test_a_credential_that_cannot_be_sent_is_a_request_that_was_not(
    adapter: Adapter, reference: str
) -> None:
    with peer([WHOLE]) as found:
        (outcome,) = asked(adapter, at(found.url, headers={"X-Api-Key": reference}))
    assert isinstance(outcome, NeverReached) and reference in outcome.reason
    assert "Injected" not in outcome.reason
    assert found.connections == 0


@both
def test_a_proxy_of_the_environment_is_not_asked(
    adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with peer([WHOLE]) as found, peer([answer("proxied")]) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert asked(adapter, at(found.url)) == [b"whole"]
    assert proxy.connections == 0


@both
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://[::1]:1/mcp", "it does not accept connections"),
        ("http://127.0.0.1:1/mcp", "it does not accept connections"),
        ("http://nowhere.invalid/mcp", "its name could not be looked up"),
        (f"http://{'a' * 64}.invalid/mcp", "its name could not be looked up"),
    ],
)
def test_who_was_never_reached_is_known_to_be_so(adapter: Adapter, url: str, reason: str) -> None:
    assert asked(adapter, at(url)) == [NeverReached(reason)]


linux = pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere a full queue refuses, and 127.0.0.2 is not there"
)


@contextmanager
def full(address: str, port: int = 0) -> Iterator[int]:
    """A port that lets nobody in any more: its queue is full."""
    with (
        socket.create_server((address, port), backlog=0) as server,
        socket.create_connection(server.getsockname()),
    ):
        yield server.getsockname()[1]


@linux
@both
def test_a_server_that_takes_no_connection_in_time_was_never_reached(adapter: Adapter) -> None:
    began = time.monotonic()
    with full("127.0.0.1") as port:
        outcome = asked(adapter, at(f"http://127.0.0.1:{port}/mcp"))
    assert outcome == [NeverReached("it does not accept connections")]
    assert time.monotonic() - began < 5


REFUSED = NeverReached("its TLS certificate or handshake was refused")


@both
def test_a_certificate_that_nobody_trusts_is_refused_before_anything_is_sent(
    adapter: Adapter, tmp_path: Path
) -> None:
    with peer([WHOLE], tls=certificate(tmp_path)[0]) as found:
        assert asked(adapter, at(f"https://127.0.0.1:{found.port}/mcp")) == [REFUSED]
    assert found.requests == []


@both
@pytest.mark.parametrize("script", [[WHOLE], [End.LEFT]])
def test_a_handshake_that_comes_to_nothing_never_reached_the_server(
    adapter: Adapter, script: list[Step]
) -> None:
    with peer(script) as found:
        (outcome,) = asked(adapter, at(f"https://127.0.0.1:{found.port}/mcp"))
    assert isinstance(outcome, NeverReached)


TRUSTING = """
import socket, sys
from handler.gateway.buffered import BufferedUpstream
from handler.gateway.upstream import Upstream
from tests.gateway.test_senders import Names, asked, at, told, using

socket.getaddrinfo = Names(["127.0.0.1"])
adapter = {"Upstream": Upstream, "BufferedUpstream": BufferedUpstream}[sys.argv[1]]
signed, other = (f"https://{host}:{sys.argv[2]}/mcp" for host in ("localhost", "shifting.example"))

async def narrowed(sender):
    return [await told(sender, at(signed, private_network=each)) for each in (True, True, False)]

print(using(adapter, narrowed))
print(asked(adapter, at(other)))
"""


@both
def test_an_authority_of_ones_own_is_trusted_for_the_names_it_signed(
    adapter: Adapter, tmp_path: Path
) -> None:
    """SSL_CERT_FILE names it. The connection is kept, but not for a reach it was not made in."""
    ours, _ = certificate(tmp_path)
    with peer([WHOLE, WHOLE], [], tls=ours) as found:
        ran = subprocess.run(
            [sys.executable, "-c", TRUSTING, adapter.__name__, str(found.port)],
            env={**os.environ, "SSL_CERT_FILE": str(tmp_path / "cert.pem")},
            capture_output=True,
            text=True,
            check=True,
        )
    told, other = ran.stdout.splitlines()
    forbidden = NeverReached("the upstream's address is not allowed; see private_network")
    assert told == str([b"whole", b"whole", forbidden])
    assert other == str([REFUSED])
    assert numbers(found) == [0, 0]


class Names:
    """The system's look-up, with one name more, whose addresses change from one to the next."""

    def __init__(self, *answers: list[str]) -> None:
        self.asked = 0
        self._answers, self._system = list(answers), socket.getaddrinfo

    def __call__(self, host: Any, port: Any, *args: Any, **more: Any) -> Any:
        if host != "shifting.example":
            return self._system(host, port, *args, **more)
        self.asked += 1
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in self._answers[min(self.asked, len(self._answers)) - 1]
        ]


@both
def test_what_was_checked_is_what_is_connected_to(
    adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that leads elsewhere on its second look-up is looked up once."""
    names = Names(["127.0.0.1"], ["169.254.169.254"])
    monkeypatch.setattr(socket, "getaddrinfo", names)
    with peer([WHOLE]) as found:
        server = at(f"http://shifting.example:{found.port}/mcp")
        assert asked(adapter, server) == [b"whole"]
    assert names.asked == 1


OUT_OF_REACH = [
    ("http", True, ["169.254.169.254"]),
    ("http", True, ["127.0.0.1", "169.254.169.254"]),
    ("http", True, ["10.0.0.1"]),
    ("http", True, ["8.8.8.8"]),
    ("https", True, ["127.0.0.1", "169.254.169.254"]),
    ("https", False, ["127.0.0.1"]),
    ("https", False, ["8.8.8.8", "10.0.0.1"]),
]


@both
@pytest.mark.parametrize(("scheme", "private", "found"), OUT_OF_REACH)
def test_a_name_with_an_address_out_of_reach_is_not_connected_to(
    adapter: Adapter,
    scheme: str,
    private: bool,
    found: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Names(found))
    with peer([WHOLE]) as behind:
        url = f"{scheme}://shifting.example:{behind.port}/mcp"
        (outcome,) = asked(adapter, at(url, private_network=private))
    assert isinstance(outcome, NeverReached)
    assert re.search("not allowed", outcome.reason)
    assert behind.connections == 0


@linux
@both
def test_the_next_address_of_a_name_is_tried_where_one_does_not_accept(
    adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither one that refuses nor one that is silent, which gets a share of the time."""
    monkeypatch.setattr(socket, "getaddrinfo", Names(["127.0.0.3", "127.0.0.2", "127.0.0.1"]))
    began = time.monotonic()
    with peer([WHOLE]) as found, full("127.0.0.2", found.port):
        assert asked(adapter, at(f"http://shifting.example:{found.port}/mcp")) == [b"whole"]
    assert time.monotonic() - began < 5


@both
def test_a_client_that_is_closed_leaves_no_connection(adapter: Adapter) -> None:
    with peer([answer("1")]) as found:
        assert asked(adapter, at(found.url)) == [b"1"]
        assert found.ended[0].wait(5)


@both
def test_an_answer_that_nobody_waits_for_any_more_ends_its_connection(adapter: Adapter) -> None:
    async def asking(sender: Sender) -> None:
        asking = asyncio.create_task(sender.send(at(found.url), HEADERS, b"{}"))
        while not found.requests:
            await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert await asyncio.to_thread(found.ended[0].wait, 5)

    with peer([[b"", WHOLE[:-1]]]) as found:  # it comes when nobody waits for it
        using(adapter, asking)


@both
def test_an_answer_that_is_let_go_while_it_is_read_ends_its_connection(adapter: Adapter) -> None:
    async def asking(sender: Sender) -> None:
        arrived = await sender.send(at(found.url), HEADERS, b"{}")
        assert isinstance(arrived, Arrived)
        with pytest.raises(TimeoutError):
            async with arrived, asyncio.timeout(0.05):
                await arrived.body()
        arrived.close()
        assert await asyncio.to_thread(found.ended[0].wait, 5)

    with peer([WHOLE[:-1], WHOLE]) as found:
        using(adapter, asking)


@both
def test_a_program_is_never_reached_where_none_are_started(adapter: Adapter) -> None:
    reason = "this gateway does not start programs"
    assert asked(adapter, Server("crm", "", command=("true",))) == [NeverReached(reason)]
