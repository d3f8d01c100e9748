"""A policy.json named on the command line, compiled."""

from dataclasses import dataclass
from pathlib import Path

from compiler.build import build
from compiler.ir import Program
from compiler.policy import Policy
from compiler.table.write import encode
from handler.failure import CannotRun


@dataclass(frozen=True, slots=True)
class Compiled:
    """A policy that compiles."""

    policy: Policy
    text: str
    program: Program
    table: bytes


def compiled(path: str, approvers: tuple[str, ...] = ()) -> Compiled:
    """The policy in this file; `approvers` are asked where it names nobody.

    Raises `CannotRun` with its diagnostics, or why it is not read.
    """
    try:
        source = Path(path).read_bytes()
    except OSError as error:
        raise CannotRun(f"cannot read {path}: {error.strerror}") from None
    built = build(source, path, approvers)
    if built.policy is None or built.program is None:
        raise CannotRun(f"{path} does not compile\n{built.rendered()}".rstrip())
    return Compiled(built.policy, built.text, built.program, encode(built.program))
