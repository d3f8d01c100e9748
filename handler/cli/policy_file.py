"""A policy.json named on the command line, compiled."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from compiler.build import build
from compiler.ir import Program
from compiler.policy import Policy
from compiler.source import LARGEST
from handler.failure import CannotRun


@dataclass(frozen=True, slots=True)
class Compiled:
    """A policy that compiles."""

    policy: Policy
    text: str
    program: Program
    table: bytes


def add_approver(parser: argparse.ArgumentParser) -> None:
    """Declare `--approver`: without the people a deployment asks, its held calls look denied."""
    parser.add_argument(
        "--approver",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="who is asked where the policy names nobody, as with `serve`; "
        "may be given more than once",
    )


def compiled(path: str, approvers: tuple[str, ...] = ()) -> Compiled:
    """The policy in this file; `approvers` are asked where it names nobody.

    Raises `CannotRun` with its diagnostics, or why it is not read.
    """
    try:
        with Path(path).open("rb") as file:
            source = file.read(LARGEST + 1)  # what is longer is refused for it
    except OSError as error:
        raise CannotRun(f"cannot read {path}: {error.strerror}") from None
    built = build(source, path, approvers)
    if built.policy is None or built.program is None or built.table is None:
        raise CannotRun(f"{path} does not compile\n{built.rendered()}".rstrip())
    return Compiled(built.policy, built.text, built.program, built.table)
