"""`holdpoint demo`: see a gateway at work, on real parts."""

import argparse
import asyncio
import sys

from handler import settings
from handler.failure import CannotRun


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "demo",
        help="see a gateway allow, deny, limit and hold calls, on real parts",
        description="Start a demo server and a gateway in front of it, and let an agent work "
        "through it: an allowed call, a denied one, a rate limit, a money limit, and a call held "
        "until its mailed link is answered. Ends by itself; exit code 1 if anything shown did not "
        "happen.",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="leave it running at the end, to open links and to connect a client of your own",
    )


def run(arguments: argparse.Namespace) -> int:
    try:
        import mcp  # noqa: F401  (the extra may be missing, and this says so best)
    except ImportError as error:
        raise CannotRun(
            "the demo needs the official MCP SDK: pip install 'holdpoint[demo]'"
        ) from error
    from handler.demo.narration import Narrator
    from handler.demo.story import demo

    narrator = Narrator(colour=sys.stdout.isatty() and settings.read().colour)
    return 1 if asyncio.run(demo(narrator, arguments.keep)) else 0
