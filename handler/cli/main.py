"""The command line: finds the command, runs it, and turns failures into one clear message.

Must not know what a command does. A command is a module with `add_parser(subparsers)` and
`run(arguments) -> int`; only the one that was asked for is imported, so `--help` is quick.
Exit codes: 0 fine, 1 found something, 2 could not run.
"""

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Iterable, Sequence

from handler import __version__, settings
from handler.failure import CannotRun

FINE, FOUND, COULD_NOT_RUN = 0, 1, 2

COMMANDS = {
    "serve": "run a gateway on this machine",
    "wrap": "enforce a policy in front of a program that speaks MCP",
    "apply": "bring a gateway to what a gateway.json says",
    "server": "add, list and remove servers",
    "policy": "put a policy in force, see its history, go back",
    "grant": "make, list, rotate and revoke grants",
    "approvals": "list, show and answer held calls",
    "log": "follow and search the decisions",
    "drift": "list and accept changed definitions of tools",
    "pause": "stop a grant, a server or everything, from the next call on",
    "resume": "let a grant, a server or everything go on",
    "demo": "see a gateway allow, deny, limit and hold calls, on real parts",
    "check": "say everything that is wrong with a policy",
    "format": "lay a policy out as all of them can be",
    "diff": "say how a new policy differs from an old one",
    "prove": "say whether a policy can ever admit a call",
    "decide": "say what a policy does with calls, one JSON line each",
    "compile": "write a policy as a WebAssembly module",
    "table": "list the decision table a policy compiles to",
    "explain": "say a policy in plain sentences, or why it decides so",
    "exposure": "say the worst that a policy lets happen",
    "test": "run the test cases of a policy",
    "schema": "print the JSON Schema of policy.json, for editors",
    "doctor": "say whether a deployed gateway works, and how to mend it",
}
"""Each command's module is `handler.cli.<name>`."""

EPILOG = "exit codes: 0 fine, 1 found something, 2 could not run"


def parser(commands: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """The whole command line, or the part of it that the named commands need."""
    root = argparse.ArgumentParser(
        prog="holdpoint",
        description="A gateway that decides on every MCP tool call before a server sees it.",
        epilog=EPILOG,
    )
    root.add_argument("--version", action="version", version=f"holdpoint {__version__}")
    subparsers = root.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        if name in commands:
            importlib.import_module(f"handler.cli.{name}").add_parser(subparsers)
        else:
            subparsers.add_parser(name, help=summary)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the answer is the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        parsed = parser(arguments[:1]).parse_args(arguments)
        return int(importlib.import_module(f"handler.cli.{parsed.command}").run(parsed))
    except CannotRun as error:
        print(f"holdpoint: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("holdpoint: interrupted", file=sys.stderr)
    except BrokenPipeError:
        # Whoever read our output has gone; nothing may be written to it any more, at exit neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if settings.read().debug:
            traceback.print_exc()
        print(
            f"holdpoint: unexpected: {error}; HOLDPOINT_DEBUG=1 shows where it happened",
            file=sys.stderr,
        )
    return COULD_NOT_RUN


if __name__ == "__main__":
    sys.exit(main())
