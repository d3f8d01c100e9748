"""The clients, the conformance suite and the Workers runtime that tests run.

    python -m tests.clients.tools     install them, once for each set of pins

Standard library only.
"""

import sys
from pathlib import Path

from tests.environments import Environment

HERE = Path(__file__).resolve().parent
CLIENTS = Environment("clients", HERE / "requirements.txt", HERE / "package.json")

MISSING = "the clients are not installed; run: python -m tests.clients.tools"


def python() -> str:
    """The Python that has the older client."""
    return _installed("bin/python")


def node() -> str:
    return _installed("bin/node")


def package(path: str) -> str:
    """A file of an npm package."""
    return _installed(f"node_modules/{path}")


def _installed(path: str) -> str:
    assert CLIENTS.complete, MISSING
    return str(CLIENTS.home / path)


def main() -> int:
    """Make the environment; the exit code."""
    if not CLIENTS.complete:
        print("clients: the MCP clients and Node (about a minute, this time only)", flush=True)
    return 0 if CLIENTS.make() else 2


if __name__ == "__main__":
    sys.exit(main())
