"""Which clients are run, by name and number, and how each of them waits for a held call."""

import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tests.clients import tools

DRIVERS = Path(__file__).parent / "drivers"


class Way(Enum):
    """How a held call waits at one client, in the words of docs/clients.md."""

    TASK = "a task"
    PAGE = "a page, then legs"
    LEGS = "legs"
    STREAM = "a stream"
    TEXT = "a text"


@dataclass(frozen=True)
class Kind:
    """One client in one mode. `options` follow the URL and the token."""

    driver: str
    runtime: str
    options: tuple[str, ...]
    version: str | None
    """The revision it ends up with; None where it does not say."""
    way: Way

    def command(self, url: str, token: str) -> list[str]:
        return [RUNTIMES[self.runtime](), str(DRIVERS / self.driver), url, token, *self._options()]

    def _options(self) -> list[str]:
        return [tools.package(each[1:]) if each[0] == "@" else each for each in self.options]


RUNTIMES = {
    "own": lambda: sys.executable,
    "python": tools.python,
    "node": tools.node,
}

LEGACY, MODERN = "2025-11-25", "2026-07-28"
PACKAGES = "@"
"""The folder of the npm packages."""
NODE = "@../bin/node"
REMOTE, INSPECTOR = "@mcp-remote/dist/proxy.js", "@@modelcontextprotocol/inspector"
LAUNCHER = f"{INSPECTOR}/clients/launcher/build/index.js"

CLIENTS = {
    "python 2.3 auto": Kind("python2.py", "own", ("auto",), MODERN, Way.LEGS),
    "python 2.3 legacy": Kind("python2.py", "own", ("legacy",), LEGACY, Way.STREAM),
    "python 2.3 pinned": Kind("python2.py", "own", (MODERN,), MODERN, Way.LEGS),
    "python 2.3 with tasks": Kind("python2.py", "own", ("tasks",), MODERN, Way.TASK),
    "python 2.3 opening pages": Kind("python2.py", "own", ("url",), MODERN, Way.PAGE),
    "python 1.30": Kind("python1.py", "python", (), LEGACY, Way.STREAM),
    "typescript sdk 1.32": Kind("typescript1.mjs", "node", (PACKAGES,), LEGACY, Way.STREAM),
    "typescript 2.4 legacy": Kind(
        "typescript2.mjs", "node", ("legacy", PACKAGES), LEGACY, Way.STREAM
    ),
    "typescript 2.4 auto": Kind("typescript2.mjs", "node", ("auto", PACKAGES), MODERN, Way.LEGS),
    "typescript 2.4 pinned": Kind("typescript2.mjs", "node", (MODERN, PACKAGES), MODERN, Way.LEGS),
    "mcp-remote 0.15": Kind("remote.py", "own", (NODE, REMOTE), LEGACY, Way.STREAM),
    "inspector 2.12": Kind("inspector.py", "own", (NODE, LAUNCHER), None, Way.TEXT),
}
