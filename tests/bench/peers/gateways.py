"""Other gateways, each in an environment and a process of its own, before one upstream on loopback.

Each is set up as its documentation says for one upstream, and lets the called tool through; what
would make it slower for no use here (rate limits, sign-in, pages) is off.
"""

import json
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.environments import Environment

HERE = Path(__file__).parent
PATIENCE = 120
"""Seconds that a gateway may take to start."""

FASTMCP = Environment("bench-fastmcp", HERE / "fastmcp.txt")
CONTEXTFORGE = Environment("bench-contextforge", HERE / "contextforge.txt")
CTRLRUN = Environment("bench-ctrlrun", HERE / "ctrlrun.txt")

PROXY = """
import sys
from fastmcp.server import create_proxy
proxy = create_proxy(sys.argv[1])
proxy.run(transport="http", host="127.0.0.1", port=int(sys.argv[2]), show_banner=False)
"""

ALLOWED = """schema: ctrlrun.policy/v2
actions:
  mcp.crm.read_customer:
    decision: allow
"""


@dataclass(frozen=True, slots=True)
class Running:
    """Where a gateway listens."""

    url: str
    tool: str = "read_customer"


def fastmcp(upstream: str, port: int, folder: Path) -> list[str]:
    return [str(FASTMCP.home / "bin/python"), "-c", PROXY, f"{upstream}/mcp", str(port)]


def ctrlrun(upstream: str, port: int, folder: Path) -> list[str]:
    (folder / "ctrlrun.yaml").write_text(ALLOWED)
    program = [str(CTRLRUN.home / "bin/ctrlrun"), "gateway", "--principal", "bench"]
    where = ["--upstream", f"{upstream}/mcp", "--alias", "crm", "--listen", f"127.0.0.1:{port}"]
    return [*program, *where]


def contextforge(upstream: str, port: int, folder: Path) -> list[str]:
    return [str(CONTEXTFORGE.home / "bin/mcpgateway"), "--host", "127.0.0.1", "--port", str(port)]


def contextforge_settings(folder: Path) -> dict[str, str]:
    password = f"Aa1!{secrets.token_urlsafe(24)}"
    return {
        "ALLOW_UNAUTHENTICATED_ADMIN": "true",
        "AUTH_ENCRYPTION_SECRET": secrets.token_urlsafe(48),
        "AUTH_REQUIRED": "false",
        "BASIC_AUTH_PASSWORD": password,
        "DATABASE_URL": f"sqlite:///{folder}/gateway.db",
        "HOST": "127.0.0.1",
        "JWT_SECRET_KEY": secrets.token_urlsafe(48),
        "LOG_LEVEL": "CRITICAL",
        "MCPGATEWAY_UI_ENABLED": "false",
        "PLATFORM_ADMIN_PASSWORD": password,
        "RATE_LIMITING_ENABLED": "false",
        "SSRF_ALLOW_LOCALHOST": "true",
        "SSRF_ALLOW_PRIVATE_NETWORKS": "true",
    }


def nothing(url: str, upstream: str) -> None:
    pass


def register(url: str, upstream: str) -> None:
    """Tell ContextForge of the upstream."""
    body = {"name": "crm", "url": f"{upstream}/mcp", "transport": "STREAMABLEHTTP"}
    httpx2.post(f"{url}/gateways", json=body, timeout=PATIENCE).raise_for_status()


@dataclass(frozen=True, slots=True)
class Peer:
    """How one is started, and what it calls the upstream's tool."""

    environment: Environment
    command: Callable[[str, int, Path], list[str]]
    settings: Callable[[Path], Mapping[str, str]] = lambda folder: {}
    prepare: Callable[[str, str], None] = nothing
    path: str = "/mcp"
    tool: str = "read_customer"

    @contextmanager
    def running(self, upstream: str, folder: Path) -> Iterator[Running]:
        folder.mkdir()
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), **self.settings(folder)}
        command = self.command(upstream, port, folder)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            listening(url, process, folder / "log")
            self.prepare(url, upstream)
            yield Running(f"{url}{self.path}", self.tool)
        finally:
            process.terminate()
            process.wait(PATIENCE)


PEERS = {
    "FastMCP 4.1.2 proxy": Peer(FASTMCP, fastmcp),
    "ContextForge 1.0.7": Peer(
        CONTEXTFORGE,
        contextforge,
        contextforge_settings,
        register,
        path="/mcp/",
        tool="crm-read-customer",
    ),
    "CTRLRun 0.12.2": Peer(CTRLRUN, ctrlrun),
}


def free_port() -> int:
    """A port for programs that cannot say which one they were given."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def listening(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the program answers HTTP. Raises where it ends, or stays silent."""
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        try:
            httpx2.get(f"{url}/mcp", timeout=5)
            return
        except httpx2.TransportError:
            time.sleep(0.2)
    raise RuntimeError(json.dumps(log.read_text()[-2000:]))
