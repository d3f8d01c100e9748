"""`holdpoint format policy.json`: a policy in the one layout that all of them can have.

What it says stays as it is, down to the spelling of its numbers. Exit codes: 0 fine, 1 with
`--check` where the layout is another, 2 could not run.
"""

import argparse
import sys

from compiler.diagnostics import render
from compiler.format import format_policy
from handler.cli.policy_file import replace, source_of
from handler.failure import CannotRun

FINE, FOUND = 0, 1


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "format",
        help="lay a policy out as all of them can be",
        description="Print a policy in canonical layout: keys in the order of docs/policy.md, "
        "short rules on one line. Nothing that it says is changed.",
        epilog="exit codes: 0 fine, 1 with --check where the layout is another, 2 could not run",
    )
    parser.add_argument("policy", help="the path of a policy.json, or `-` for standard input")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--write", action="store_true", help="rewrite the file instead of printing")
    how.add_argument("--check", action="store_true", help="only say whether it is laid out so")


def run(arguments: argparse.Namespace) -> int:
    """Raises `CannotRun` where the file cannot be read as JSON."""
    name, data = arguments.policy, source_of(arguments.policy)
    if arguments.write and name == "-":
        raise CannotRun("`--write` rewrites a file; name one instead of `-`")
    text = format_policy(data)
    if not isinstance(text, str):
        rendered = render(text, data.decode(errors="replace"), name)
        raise CannotRun(f"{name} cannot be laid out\n{rendered}".rstrip())
    same = text.encode() == data
    if arguments.check:
        if not same:
            print(f"{name}: laid out otherwise; `holdpoint format --write` changes that")
        return FINE if same else FOUND
    if not arguments.write:
        sys.stdout.write(text)
    elif not same:
        replace(name, text.encode())
    return FINE
