"""`holdpoint test`: the cases that a policy's author wrote, run against the policy."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from compiler.diagnostics import visible
from handler.cli.cases import read_cases
from handler.cli.junit import junit
from handler.cli.policy_file import add_approver, compiled
from handler.cli.trial import Outcome, tried
from handler.cli.working import working
from handler.decision.table import TableEngine
from handler.failure import CannotRun

FINE, FOUND = 0, 1


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "test",
        help="run a policy's test cases, with limits over simulated time",
        description='Runs cases against a policy. A case is a line {"case": its name}, and a line '
        'for each step: {"tool", "args", "grant", "session", "time", "after", "expect", "rule"}. '
        "docs/testing-policies.md describes them.",
        epilog="exit codes: 0 all as expected, 1 some were not, 2 could not run",
    )
    parser.add_argument("policy", help="the path of a policy.json")
    parser.add_argument("cases", help="a file of cases, or a folder with files that end in .jsonl")
    parser.add_argument("--junit", metavar="FILE", help="write a JUnit report as well")
    add_approver(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run all cases and print the failures. Raises `CannotRun` where they cannot be run."""
    engine = TableEngine(compiled(arguments.policy, tuple(arguments.approver)).table)
    cases = read_cases(arguments.cases)
    with working("testing"):
        outcomes = tried(engine, cases)
    if arguments.junit is not None:
        _write(arguments.junit, junit(outcomes))
    for outcome in outcomes:
        file, name = visible(outcome.case.file), visible(outcome.case.name)
        for failure in outcome.failures:
            print(f"{file}:{failure.line}: {name}: {failure.told}")
    print(_summary(outcomes))
    return FOUND if any(one.failures for one in outcomes) else FINE


def _write(name: str, report: bytes) -> None:
    try:
        Path(name).write_bytes(report)
    except OSError as error:
        raise CannotRun(f"cannot write {name}: {error.strerror}") from None


def _summary(outcomes: Sequence[Outcome]) -> str:
    steps = sum(len(one.case.steps) for one in outcomes)
    failed = sum(bool(one.failures) for one in outcomes)
    verdict = f"{failed} failed" if failed else "all as expected"
    return f"{_counted(len(outcomes), 'case')}, {_counted(steps, 'step')}: {verdict}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
