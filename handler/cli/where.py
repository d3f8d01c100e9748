"""Which world a command works on, and working on it. Shared by all of the operators' commands.

Must not know what is done there.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from handler import settings
from handler.failure import CannotRun

if TYPE_CHECKING:
    from handler.entry.worlds import World

Act = Callable[["World", argparse.Namespace], Awaitable[int]]
"""What a command does in a world; the answer is the exit code."""


def add_world(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which world is meant."""
    group = parser.add_argument_group("which gateway")
    one = group.add_mutually_exclusive_group()
    one.add_argument(
        "--data",
        type=Path,
        default=settings.read().data,
        metavar="FOLDER",
        help="the data folder of `holdpoint serve` (HOLDPOINT_DATA, or .holdpoint)",
    )
    one.add_argument("--stack", metavar="NAME", help="a stack in your AWS account instead")
    group.add_argument("--region", help="the stack's region (AWS_REGION, or your profile's)")


def add_format(parser: argparse.ArgumentParser) -> None:
    """Add the option that says for whom the output is."""
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="for people, or for programs"
    )


def work(arguments: argparse.Namespace, act: Act, *, create: bool = False) -> int:
    """Open the world, act in it, close it. Raises `CannotRun`, whatever the store says no to."""
    from handler.stores.base import NotAllowed, StoreUnavailable, TooMuch

    try:
        return asyncio.run(_work(arguments, act, create))
    except NotAllowed as error:
        raise CannotRun(
            f"{error}; it takes the stack's admin policy, or for a policy and where it is attached "
            "its policy manager policy: the outputs AdminPolicyArn and PolicyManagerPolicyArn name "
            "them"
        ) from error
    except StoreUnavailable as error:
        raise CannotRun(
            f"the store did not do what was asked, or it cannot be told ({error}); look at how "
            "things stand, then try again"
        ) from error
    except TooMuch as error:
        raise CannotRun(str(error)) from error


async def _work(arguments: argparse.Namespace, act: Act, create: bool) -> int:
    from handler.entry.worlds import Place, opened

    place = Place(arguments.data, arguments.stack, arguments.region)
    async with opened(place, create=create) as world:
        return await act(world, arguments)
