"""The clients and the conformance suite that tests run, in an environment apart, kept by pins.

Standard library only. Python's older client and Node come from PyPI, the rest from npm; what they
write stays in `.cache/`. Lock files are not kept: they would name the registry of one machine.

    python -m tests.clients.tools     make the environment, once for each set of pins
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent.parent / ".cache"
PINS = (HERE / "requirements.txt", HERE / "package.json")

PIP_OPTIONS = ("--quiet", "--disable-pip-version-check")
NPM_OPTIONS = ("--package-lock=false", "--ignore-scripts", "--no-audit", "--no-fund", "--quiet")

MISSING = "the clients are not installed; run: python -m tests.clients.tools"


def home() -> Path:
    """The environment of these pins and this Python."""
    text = "\n".join([*(pins.read_text() for pins in PINS), sys.version])
    return CACHE / f"clients-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def python() -> str:
    """The Python that has the older client."""
    return _installed("bin/python")


def node() -> str:
    return _installed("bin/node")


def package(path: str) -> str:
    """A file of an npm package."""
    return _installed(f"node_modules/{path}")


def _installed(path: str) -> str:
    assert (home() / "complete").exists(), MISSING
    return str(home() / path)


def main() -> int:
    """Make the environment; the exit code."""
    if (home() / "complete").exists():
        return 0
    print("clients: the MCP clients of tests/clients (about a minute, this time only)", flush=True)
    for old in CACHE.glob("clients-*"):
        shutil.rmtree(old)
    made = home()
    pip, npm = str(made / "bin" / "pip"), str(made / "bin" / "npm")
    commands = (
        [sys.executable, "-m", "venv", str(made)],
        [pip, "install", *PIP_OPTIONS, "--requirement", str(PINS[0])],
        [npm, "install", *NPM_OPTIONS, "--prefix", str(made)],
    )
    made.mkdir(parents=True)
    shutil.copy(PINS[1], made)
    environment = {**os.environ, "PATH": f"{made / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    for command in commands:
        ran = subprocess.run(command, env=environment, capture_output=True, text=True)
        if ran.returncode:
            print(ran.stdout + ran.stderr, file=sys.stderr)
            print(f"clients: {command[0]} failed (above); try again", file=sys.stderr)
            return 2
    (made / "complete").touch()
    return 0


if __name__ == "__main__":
    sys.exit(main())
