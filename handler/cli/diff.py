"""`holdpoint diff`: whether a new policy allows more, less, the same or something else.

Exit codes: 0 equal, 1 different or not decided, 2 could not run.
"""

import argparse
import json
import sys

from compiler.answers.diff import diff
from compiler.answers.relation import Relation
from compiler.answers.wording import difference_record, difference_text
from handler.cli.policy_file import add_approver, compiled
from handler.cli.working import working

FINE, FOUND = 0, 1


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "diff",
        help="say how a new policy differs from an old one",
        description="Says whether the new policy is wider, narrower, equal or different, and shows "
        "each difference by a call that the two decide differently.",
        epilog="exit codes: 0 equal, 1 different or not decided, 2 could not run",
    )
    parser.add_argument("old", help="the path of the policy.json before")
    parser.add_argument("new", help="the path of the policy.json after")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    add_approver(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the answer. Raises `CannotRun` where a policy does not compile."""
    approvers = tuple(arguments.approver)
    old, new = (compiled(path, approvers).policy for path in (arguments.old, arguments.new))
    with working("comparing"):
        found = diff(old, new)
    if arguments.format == "json":
        sys.stdout.write(json.dumps(difference_record(found), indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(difference_text(found, arguments.old, arguments.new))
    return FINE if found.relation is Relation.EQUAL else FOUND
