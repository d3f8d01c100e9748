"""Where a client of upstreams connects to, and where not: the same rows for both worlds."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handler.gateway.exchange import NeverReached
from tests.certificates import certificate
from tests.gateway.sending import BOUNDS, WHOLE, asked, at
from tests.gateway.world import Adapter, both
from tests.patience import PATIENCE
from tests.peer import End, Step, answer, peer


@both
def test_a_proxy_of_the_environment_is_not_asked(
    adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with peer([WHOLE]) as found, peer([answer("proxied")]) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        assert asked(adapter, at(found.url)) == [b"whole"]
    assert proxy.connections == 0


@both
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://[::1]:1/mcp", "it does not accept connections"),
        ("http://127.0.0.1:1/mcp", "it does not accept connections"),
        ("http://shifting.example/mcp", "its name could not be looked up"),
        (f"http://{'a' * 64}.invalid/mcp", "its name could not be looked up"),
    ],
)
def test_who_was_never_reached_is_known_to_be_so(
    adapter: Adapter, url: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Names([]))
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
        outcome = asked(adapter, at(f"http://127.0.0.1:{port}/mcp"), bounds=LET_IN_OR_LEAVE)
    assert outcome == [NeverReached("it does not accept connections")]
    assert time.monotonic() - began < PATIENCE


LET_IN_OR_LEAVE = replace(BOUNDS, connect_seconds=0.3)
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
        at_it = at(f"https://127.0.0.1:{found.port}/mcp")
        (outcome,) = asked(adapter, at_it, bounds=LET_IN_OR_LEAVE)
    assert isinstance(outcome, NeverReached)


TRUSTING = """
import socket, sys
from handler.gateway.buffered import BufferedUpstream
from handler.gateway.upstream import Upstream
from tests.gateway.sending import asked, at, told, using
from tests.patience import PATIENCE
from tests.gateway.test_reaching import Names

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
    assert found.numbers == [0, 0]


class Names:
    """The system's look-up, with one name more, whose addresses change from one to the next."""

    def __init__(self, *answers: list[str]) -> None:
        self.asked = 0
        self._answers, self._system = list(answers), socket.getaddrinfo

    def __call__(self, host: Any, port: Any, *args: Any, **more: Any) -> Any:
        if host not in ("shifting.example", b"shifting.example"):
            return self._system(host, port, *args, **more)
        self.asked += 1
        if not (found := self._answers[min(self.asked, len(self._answers)) - 1]):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]


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
        server = at(f"http://shifting.example:{found.port}/mcp")
        assert asked(adapter, server, bounds=replace(BOUNDS, connect_seconds=2)) == [b"whole"]
    assert time.monotonic() - began < PATIENCE
