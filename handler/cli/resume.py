"""`holdpoint resume`: let go on what `holdpoint pause` stopped."""

import argparse
from typing import TYPE_CHECKING

from handler.cli.pause import add_target, switch
from handler.cli.where import work

if TYPE_CHECKING:
    from handler.entry.worlds import World


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "resume",
        help="let a grant, a server or everything go on",
        description="Let calls through again. With --all every server goes on, also one that was "
        "paused by itself; paused grants stay paused.",
    )
    add_target(parser)


def run(arguments: argparse.Namespace) -> int:
    """Raises `CannotRun`."""
    return work(arguments, resume)


async def resume(world: "World", arguments: argparse.Namespace) -> int:
    return await switch(world, arguments, paused=False)
