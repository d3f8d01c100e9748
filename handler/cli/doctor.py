"""`holdpoint doctor`: whether a deployed gateway works, by calls that it makes itself."""

import argparse
import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handler.admin.findings import Finding

FINE, FOUND = 0, 1


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "doctor",
        help="say whether a deployed gateway works, and how to mend it",
        description="Asks what the account allows, then makes one allowed, one denied and one "
        "held call on a server and a grant of its own, which it takes away again. One mail is "
        "sent to the approver; nobody needs to answer it.",
        epilog="exit codes: 0 all is fine, 1 something is wrong, 2 could not run",
    )
    parser.add_argument("--stack", required=True, metavar="NAME", help="the stack to examine")
    parser.add_argument("--region", help="the stack's region, if not the one of your profile")
    parser.add_argument(
        "--approver", metavar="ADDRESS", help="who is mailed; the stack's own sender if not given"
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="for people, or for programs"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print what was found. Raises `CannotRun` where there is no such stack."""
    from handler.admin.findings import State
    from handler.entry.examination import examined

    found = asyncio.run(examined(arguments.stack, arguments.region, arguments.approver))
    if arguments.format == "json":
        print(json.dumps([asdict(finding) for finding in found], indent=2))
    else:
        print("\n".join(map(_line, found)))
    return FOUND if any(finding.state is State.WRONG for finding in found) else FINE


def _line(finding: "Finding") -> str:
    text = f"{finding.state:<7} {finding.what:<13} {finding.told}"
    return f"{text}\n{'':<7} {'to mend it:':<13} {finding.mend}" if finding.mend else text
