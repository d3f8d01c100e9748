"""A policy.json named on the command line: read, compiled, replaced."""

import argparse
import shutil
import sys
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


def source_of(path: str) -> bytes:
    """The file, or standard input for `-`; up to one byte more than a policy may have, which the
    compiler refuses. Raises `CannotRun`."""
    if path == "-":
        return sys.stdin.buffer.read(LARGEST + 1)
    try:
        with Path(path).open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise CannotRun(f"cannot read {path}: {error.strerror}") from None


def replace(path: str, data: bytes) -> None:
    """Write a file whole or not at all, with the rights it had."""
    target = Path(path).resolve()
    draft = target.with_name(f".{target.name}.draft")
    draft.write_bytes(data)
    shutil.copymode(target, draft)
    draft.replace(target)


def compiled(path: str, approvers: tuple[str, ...] = ()) -> Compiled:
    """The policy in this file; `approvers` are asked where it names nobody.

    Raises `CannotRun` with its diagnostics, or why it is not read.
    """
    built = build(source_of(path), path, approvers)
    if built.policy is None or built.program is None or built.table is None:
        raise CannotRun(f"{path} does not compile\n{built.rendered()}".rstrip())
    return Compiled(built.policy, built.text, built.program, built.table)
