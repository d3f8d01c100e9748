"""`holdpoint table`: the decision table a policy compiles to, for people."""

import argparse
import sys

from compiler.table.listing import listing
from handler.cli.policy_file import add_approver, compiled

FINE = 0


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = subparsers.add_parser("table", help="list the decision table a policy compiles to")
    parser.add_argument("policy", help="the path of a policy.json")
    add_approver(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the listing. Raises `CannotRun` where the policy does not compile."""
    sys.stdout.write(listing(compiled(arguments.policy, tuple(arguments.approver)).program))
    return FINE
