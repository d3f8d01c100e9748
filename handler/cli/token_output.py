"""Where a new token goes, once: onto a terminal, or into a file that only its owner may read.

The place is made ready before the token is, so that none is made that nobody gets to see.
"""

import argparse
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from handler.failure import CannotRun


def add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write it into this new file, for you alone"
    )


async def deliver(out: Path | None, make: Callable[[], Awaitable[str]]) -> None:
    """Make a token and hand it over. Raises `CannotRun` where there is no place for it."""
    if out is None:
        if not sys.stdout.isatty():
            raise CannotRun(
                "standard output is not a terminal, and a token must not end up in a log: "
                "give --out FILE"
            )
        print(await make())
        print("shown this once; whoever has it can use the grant", file=sys.stderr)
        return
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CannotRun(f"{out} is there already: give the name of a new file") from None
    except OSError as error:
        raise CannotRun(f"cannot write {out}: {error.strerror}") from error
    with os.fdopen(descriptor, "w") as file:
        try:
            file.write(await make() + "\n")
        except BaseException:
            out.unlink()
            raise
    print(f"written to {out}; whoever has it can use the grant", file=sys.stderr)
