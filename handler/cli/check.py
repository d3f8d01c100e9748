"""`holdpoint check policy.json`: what is wrong with a policy, and what it cannot mean.

With --fix the file is rewritten first, and what is shown is what is left.

Exit codes: 0 fine (warnings too, unless --strict), 1 found errors, 2 could not read the file.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from compiler.answers.relation import Relation
from compiler.answers.wording import difference_text
from compiler.approvers import fill
from compiler.check import check
from compiler.check.given import check_given
from compiler.diagnostics import Diagnostic, Report, Severity, ordered, render
from compiler.fix import Fixed, fix, offer_approval
from compiler.parse import parse
from compiler.policy import Policy
from compiler.source import decode
from handler.cli.formats import FORMATS
from handler.cli.policy_file import add_approver, replace, source_of
from handler.cli.tool_list import listed
from handler.cli.working import working
from handler.failure import CannotRun

FINE, FOUND = 0, 1


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command `check`."""
    parser = subparsers.add_parser(
        "check",
        help="show the errors and warnings of a policy",
        description="Show every error and warning of a policy, each with its place in the file.",
        epilog="Exit codes: 0 fine, 1 errors (with --strict: or warnings), 2 could not read.",
    )
    parser.add_argument("policy", help="a policy.json, or - for standard input")
    parser.add_argument("--format", choices=("text", *FORMATS), default="text")
    parser.add_argument("--strict", action="store_true", help="warnings count as errors")
    parser.add_argument(
        "--tools",
        metavar="FILE",
        type=Path,
        help="the server's tools, as tools/list answers or a JSON list of names: show entries "
        "that serve none of them",
    )
    add_approver(parser)
    # Two options and no optional value, or `--fix policy.json` would take the file for it.
    parser.add_argument(
        "--fix",
        dest="fix",
        action="store_const",
        const=fix,
        help="take out what no call can reach, where that provably changes no decision",
    )
    parser.add_argument(
        "--fix=approvals",
        dest="fix",
        action="store_const",
        const=offer_approval,
        help="turn permanent denials that speak of approval into rules that hold calls",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the diagnostics of one policy; the answer is the exit code. Raises `CannotRun`."""
    data = source_of(args.policy)
    name = "<stdin>" if args.policy == "-" else args.policy
    tools = None if args.tools is None else listed(args.tools)
    if args.fix:
        data = _fixed(args.policy, data, args.fix)
    with working("checking"):
        parsed = parse(data)
        warnings: tuple[Diagnostic, ...] = ()
        if parsed.policy:
            warnings = _warnings(fill(parsed.policy, tuple(args.approver)), tools)
    found = ordered((*parsed.diagnostics, *warnings))
    if args.format in FORMATS:
        if text := FORMATS[args.format](found, name):
            print(text)
    else:
        print(render(found, parsed.text, name) + _summary(found, name))
    errors = sum(one.severity is Severity.ERROR for one in found)
    return FOUND if errors or (args.strict and found) else FINE


def _warnings(policy: Policy, tools: Sequence[str] | None) -> tuple[Diagnostic, ...]:
    return check(policy) + (() if tools is None else check_given(policy, tools))


def _fixed(name: str, data: bytes, rewrite: Callable[[str], Fixed]) -> bytes:
    """What is left after a rewriting, which has replaced the file; what it did is told."""
    if name == "-":
        raise CannotRun("`--fix` rewrites a file; name one instead of `-`")
    source = decode(data, Report())
    with working("rewriting"):
        fixed = rewrite(source.text if source else "")
    for one in fixed.done:
        print(f"{name}:{one.span.line}:{one.span.column}: fixed {one.code}", file=sys.stderr)
    if not fixed.done:
        print(f"{name}: nothing to fix", file=sys.stderr)
        return data
    if fixed.difference and fixed.difference.relation is not Relation.EQUAL:
        print(difference_text(fixed.difference, "before", "after"), end="", file=sys.stderr)
    replace(name, fixed.text.encode())
    return fixed.text.encode()


def _summary(found: list[Diagnostic], name: str) -> str:
    counts = []
    for severity in Severity:
        count = sum(one.severity is severity for one in found)
        if count:
            counts.append(f"{count} {severity}{'s' if count > 1 else ''}")
    return f"{name}: {', '.join(counts) or 'no errors, no warnings'}"
