"""`holdpoint pause` and `holdpoint resume`: the kill switch, effective from the next call."""

import argparse
import sys
from typing import TYPE_CHECKING

from handler.cli.where import add_world, work

if TYPE_CHECKING:
    from handler.entry.worlds import World

FINE = 0


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "pause",
        help="stop a grant, a server or everything, from the next call on",
        description="Deny every call of a grant, to a server, or of everybody, from the next one "
        "on, until it is resumed. A held call that is approved meanwhile is not run.",
    )
    add_target(parser)


def run(arguments: argparse.Namespace) -> int:
    """Raises `CannotRun`."""
    return work(arguments, pause)


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is meant, one of which is needed."""
    one = parser.add_mutually_exclusive_group(required=True)
    one.add_argument("--grant", metavar="NAME", help="one grant, by its name or id")
    one.add_argument("--server", metavar="NAME", help="one server, for all of its grants")
    one.add_argument("--all", action="store_true", help="every server")
    add_world(parser)


async def pause(world: "World", arguments: argparse.Namespace) -> int:
    return await switch(world, arguments, paused=True)


async def switch(world: "World", arguments: argparse.Namespace, *, paused: bool) -> int:
    """Stop what the options name, or let it go on."""
    from handler.admin import grants, servers

    word = "paused" if paused else "resumed"
    store = world.store
    if arguments.grant is not None:
        grant = await grants.named(store.ledger, arguments.grant)
        await grants.pause(store.ledger, grant, paused)
        print(f"{word} the grant {grant.label}", file=sys.stderr)
    elif arguments.server is not None:
        await servers.pause(store.registry, arguments.server, paused)
        print(f"{word} the server {arguments.server}", file=sys.stderr)
    else:
        changed = await servers.pause_all(store.registry, paused)
        named = f" ({', '.join(changed)})" if changed else ""
        print(f"{word}: every server; {len(changed)} changed{named}", file=sys.stderr)
    return FINE
