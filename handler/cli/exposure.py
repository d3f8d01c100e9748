"""`holdpoint exposure`: the worst a policy lets happen, calls and amounts in each window."""

import argparse
import json
import sys

from compiler.exposure.listing import listing, record
from compiler.exposure.whole import exposure
from handler.cli.policy_file import add_approver, compiled
from handler.cli.working import working

FINE = 0


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "exposure",
        help="say the worst a policy lets happen: calls and amounts in each window",
        description="Says for each tool, and for all together, how many calls and how much of each "
        "argument that a rule bounds can happen in a minute, hour, day, week and month; what "
        "people must approve is counted apart. Never less than what can happen.",
    )
    parser.add_argument("policy", help="the path of a policy.json")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    add_approver(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the figures. Raises `CannotRun` where the policy does not compile."""
    policy = compiled(arguments.policy, tuple(arguments.approver)).policy
    with working("adding up"):
        found = exposure(policy)
    if arguments.format == "json":
        print(json.dumps(record(found), indent=2))
    else:
        sys.stdout.write(listing(found))
    return FINE
