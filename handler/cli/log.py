"""`holdpoint log`: what was decided about each call, and what became of it. No argument values."""

import argparse
import asyncio
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from handler.cli.where import add_format, add_world, work

if TYPE_CHECKING:
    from handler.admin.records import Query
    from handler.entry.worlds import World

FINE = 0

EFFECTS = ("allow", "deny", "require_approval")


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("log", help="follow and search the decisions")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    tail = verbs.add_parser("tail", help="show the newest records")
    tail.add_argument("-n", "--lines", type=int, default=20, help="so many (%(default)s)")
    tail.add_argument(
        "-f", "--follow", action="store_true", help="and those that come, until Ctrl-C"
    )
    tail.set_defaults(act=_tail)

    search = verbs.add_parser("search", help="show every record of some time")
    search.add_argument(
        "--since", default="1d", metavar="TIME",
        help="30m, 2h or 7d ago, or a moment such as 2026-11-20T12:00:00Z (%(default)s)",
    )  # fmt: skip
    search.add_argument("--until", metavar="TIME", help="likewise; without it, until now")
    search.set_defaults(act=_search)

    for verb in verbs.choices.values():
        _add_query(verb)
        add_format(verb)
        add_world(verb)


def run(arguments: argparse.Namespace) -> int:
    """Raises `CannotRun`."""
    try:
        return work(arguments, arguments.act)
    except KeyboardInterrupt:
        if arguments.verb == "tail" and arguments.follow:
            return FINE  # the only way in which following ends
        raise


def _add_query(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("which calls; texts may hold *")
    group.add_argument("--grant", metavar="NAME", help="of this grant, by its name or id")
    group.add_argument("--server", metavar="NAME", help="to this server")
    group.add_argument("--tool", metavar="NAME", help="of this tool, such as 'create_*'")
    group.add_argument("--effect", choices=EFFECTS, help="that were decided so")
    group.add_argument("--rule", metavar="RULE", help="that this rule decided, such as '*deny_if*'")
    group.add_argument("--call", metavar="ID", help="one call")
    group.add_argument("--trace", metavar="ID", help="the calls of one trace")


def _query(arguments: argparse.Namespace) -> "Query":
    from handler.admin.records import Query

    names = ("grant", "server", "tool", "effect", "rule", "call", "trace")
    return Query(**{name: getattr(arguments, name) for name in names})


async def _tail(world: "World", arguments: argparse.Namespace) -> int:
    from handler.admin.records import latest

    clock = world.clock
    found, follower = await latest(
        world.store.journal, _query(arguments), max(arguments.lines, 0), clock.now()
    )
    _print(found, arguments.format)
    while arguments.follow:
        await asyncio.sleep(world.look_every)
        _print(await follower.look(clock.now()), arguments.format)
    return FINE


async def _search(world: "World", arguments: argparse.Namespace) -> int:
    from handler.admin.records import search
    from handler.cli import times

    now = world.clock.now()
    start = times.ago(arguments.since, now)
    end = times.ago(arguments.until, now) if arguments.until else now
    async for record in search(world.store.journal, _query(arguments), start, end):
        _print([record], arguments.format)
    return FINE


def _print(records: Iterable[dict[str, Any]], form: str) -> None:
    for record in records:
        line = json.dumps(record) if form == "json" else _line(record)
        print(line, flush=True)


def _line(record: dict[str, Any]) -> str:
    """`2026-07-28T12:00:00Z  4f0c…  deny  billing-agent  stripe/create_refund(amount)  rule`."""
    from handler.approvals.display import visible
    from handler.cli.printing import moment

    said = TOLD[record["record"]](record)
    return "  ".join(visible(part) for part in (moment(record["at"]) or "", record["call"], *said))


def _decided(record: dict[str, Any]) -> tuple[str, ...]:
    place = record["place"]
    call = f"{record['server']}/{record['tool']}({', '.join(record['arguments'])})"
    line = f" line {place['line']}" if place and place.get("line") else ""
    rule = f"{place['rule']}{line}" if place else "-"
    return record["effect"], record["label"], call, rule


def _held(record: dict[str, Any]) -> tuple[str, ...]:
    return "held", f"joined {record['approval']}" if record["joined"] else record["approval"]


def _ended(record: dict[str, Any]) -> tuple[str, ...]:
    refunded = ("quota given back",) if record["refunded"] else ()
    detail = (record["detail"],) if record["detail"] else ()
    return "ended", record["outcome"], *detail, *refunded


TOLD = {"decided": _decided, "held": _held, "ended": _ended}
"""What is said of each kind of record, beside its time and call."""
