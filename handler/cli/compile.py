"""`holdpoint compile`: a policy as one WebAssembly module that runs anywhere."""

import argparse
import sys
from pathlib import Path

from compiler.wasm.emit import emit
from handler.cli.policy_file import add_approver, compiled
from handler.failure import CannotRun

FINE = 0


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "compile",
        help="write a policy as a WebAssembly module",
        description="Writes a module without imports that decides calls in any WebAssembly host. "
        "The same policy gives the same bytes. docs/wasm.md says how a host calls it.",
        epilog="exit codes: 0 fine, 2 could not run",
    )
    parser.add_argument("policy", help="the path of a policy.json")
    parser.add_argument(
        "-o", "--output", required=True, help="the path of the module, or - for standard output"
    )
    add_approver(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the module. Raises `CannotRun` where the policy does not compile."""
    module = emit(compiled(arguments.policy, tuple(arguments.approver)).program)
    if arguments.output == "-":
        sys.stdout.buffer.write(module)
        return FINE
    try:
        Path(arguments.output).write_bytes(module)
    except OSError as error:
        raise CannotRun(f"cannot write {arguments.output}: {error.strerror}") from None
    return FINE
