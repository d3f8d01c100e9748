"""`holdpoint explain`: a policy in plain sentences, or what it does with one call and why."""

import argparse
import sys
from pathlib import Path

from compiler.explain.account import account
from compiler.explain.sentences import sentences
from handler.cli.calls import CallLine, LineError, parse_line
from handler.cli.policy_file import add_approver, compiled
from handler.clock import Clock, SystemClock
from handler.failure import CannotRun

FINE = 0


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "explain",
        help="say a policy in plain sentences, or why it decides on a call as it does",
        description="Says what a policy does with each tool, in the order in which its rules "
        "decide. With --call, says what it does with one call, by which rule, and what every "
        "condition found.",
    )
    parser.add_argument("policy", help="the path of a policy.json")
    parser.add_argument(
        "--call",
        metavar="call.json",
        help='a file with one call, {"tool", "args", "grant", "session", "time"}, all but tool '
        "optional; - for standard input",
    )
    add_approver(parser)


def run(arguments: argparse.Namespace, clock: Clock | None = None) -> int:
    """Print the explanation. Raises `CannotRun` where the policy or the call cannot be read."""
    policy = compiled(arguments.policy, tuple(arguments.approver))
    if arguments.call is None:
        sys.stdout.write(sentences(policy.policy))
        return FINE
    asked = _call(arguments.call)
    now = asked.time if asked.time is not None else (clock or SystemClock()).now()
    sys.stdout.write(account(policy.policy, policy.text, asked.call, asked.subject, now))
    return FINE


def _call(name: str) -> CallLine:
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise CannotRun(f"cannot read {name}: {error.strerror}") from None
    try:
        return parse_line(data)
    except LineError as error:
        raise CannotRun(f"{name} is no call: {error}") from None
