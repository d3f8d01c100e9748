"""`holdpoint drift`: tools whose definitions are not those that were accepted."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from handler.cli.where import add_format, add_world, work

if TYPE_CHECKING:
    from handler.admin.drift import Drifted
    from handler.entry.worlds import World

FINE, FOUND = 0, 1


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("drift", help="list and accept changed definitions of tools")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    listing = verbs.add_parser("list", help="show what changed, and which rules lost their meaning")
    listing.add_argument("server", nargs="*", help="the servers; without one, all")
    add_format(listing)
    listing.set_defaults(act=_list)

    accept = verbs.add_parser("accept", help="take definitions as they are now")
    accept.add_argument("server", help="the server")
    accept.add_argument("tool", nargs="*", help="its tools; without one, all that changed")
    accept.set_defaults(act=_accept)

    for verb in verbs.choices.values():
        add_world(verb)


def run(arguments: argparse.Namespace) -> int:
    """1 where `list` found something. Raises `CannotRun`."""
    return work(arguments, arguments.act)


async def _list(world: "World", arguments: argparse.Namespace) -> int:
    from handler.admin import drift

    found = await drift.listing(world.store, arguments.server)
    if arguments.format == "json":
        print(json.dumps([_facts(one) for one in found], indent=2))
    else:
        print("\n\n".join(map(_text, found)) or "every tool is as it was accepted")
    return FOUND if found else FINE


async def _accept(world: "World", arguments: argparse.Namespace) -> int:
    from handler.admin import drift
    from handler.approvals.display import visible

    tools = await drift.accept(world.store, arguments.server, arguments.tool)
    said = f"accepted {', '.join(map(visible, tools))}" if tools else "nothing to accept"
    print(said, file=sys.stderr)
    return FINE


def _text(one: "Drifted") -> str:
    """One tool: what it is, the rules that lost their meaning, and the change."""
    from handler.admin.drift import difference
    from handler.approvals.display import visible
    from handler.cli.printing import moment

    pin = one.pin
    head = f"{one.server}: {visible(pin.tool)} is {pin.standing} since {moment(pin.since)}"
    lines = [f"{head} (drift: {one.handling})"]
    lines += [
        f"  policy {lost.policy}, line {lost.line}, {lost.rule}: {visible(lost.path)} {lost.why}"
        for lost in one.lost
    ]
    lines += [f"  {visible(line)}" for line in difference(pin).splitlines()]
    return "\n".join(lines)


def _facts(one: "Drifted") -> dict[str, object]:
    from dataclasses import asdict

    from handler.admin.drift import difference
    from handler.cli.printing import moment

    return {
        "server": one.server,
        "tool": one.pin.tool,
        "standing": one.pin.standing.value,
        "since": moment(one.pin.since),
        "drift": one.handling,
        "lost": [asdict(lost) for lost in one.lost],
        "diff": difference(one.pin),
    }
