"""`holdpoint server`: the MCP servers behind the gateway."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handler.cli.where import add_format, add_world, work
from handler.failure import CannotRun

if TYPE_CHECKING:
    from handler.admin.manifest import Manifest
    from handler.cli.printing import Facts
    from handler.entry.worlds import World
    from handler.gateway.server import Server

FINE = 0

COLUMNS = ("name", "upstream", "paused", "narrow", "policies")


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("server", help="add, list and remove servers")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    add = verbs.add_parser("add", help="put a server behind the gateway")
    add.add_argument("name", help="lower-case letters, digits, - and _; agents find it under it")
    add.add_argument("--upstream", metavar="URL", required=True, help="its MCP endpoint")
    add.add_argument(
        "--policy", action="append", default=[], metavar="NAME=FILE",
        help="a policy of it; may be given more than once",
    )  # fmt: skip
    add.add_argument(
        "--approver", action="append", default=[], metavar="ADDRESS",
        help="who is asked where a policy names nobody; may be given more than once",
    )  # fmt: skip
    add.add_argument(
        "--header", action="append", default=[], metavar="NAME=REFERENCE",
        help="sent to it with every request, such as Authorization=env:STRIPE_AUTH",
    )  # fmt: skip
    add.add_argument(
        "--private-network", action="store_true", help="it may be on a private address"
    )
    add.add_argument(
        "--narrow", action="store_true",
        help="show agents input schemas that already say what the policy denies",
    )  # fmt: skip
    add.set_defaults(act=_add)

    listing = verbs.add_parser("list", help="list servers")
    add_format(listing)
    listing.set_defaults(act=_list)

    show = verbs.add_parser("show", help="show one server")
    show.add_argument("name", help="its name")
    add_format(show)
    show.set_defaults(act=_show)

    remove = verbs.add_parser("remove", help="forget a server that no grant is for")
    remove.add_argument("name", help="its name")
    remove.set_defaults(act=_remove)

    for verb in verbs.choices.values():
        add_world(verb)


def run(arguments: argparse.Namespace) -> int:
    """Raises `CannotRun`."""
    return work(arguments, arguments.act, create=arguments.verb == "add")


async def _add(world: "World", arguments: argparse.Namespace) -> int:
    from handler.admin import references, servers
    from handler.admin.apply import registered
    from handler.admin.compiling import policies

    manifest = _manifest(arguments)
    references.check(manifest.servers, world.readable, world.name)
    made = policies(manifest, modules=world.modules)
    if made.warnings:
        print(made.warnings, file=sys.stderr)
    (entry,) = manifest.servers
    artifacts = made.compiled[entry.name]
    server = registered(entry, artifacts, None)
    now = world.clock.now()
    await servers.add(world.store.registry, server, artifacts, world.operator(), now)
    command = f"holdpoint grant create NAME --server {server.name}{world.options}"
    print(f"added; `{command}` is next", file=sys.stderr)
    return FINE


def _manifest(arguments: argparse.Namespace) -> "Manifest":
    """The gateway.json that the options stand for, so that both are refused alike."""
    from handler.admin.gateway_json import ManifestError, parse

    document: dict[str, Any] = {
        "servers": {
            arguments.name: {
                "upstream": arguments.upstream,
                "policies": dict(_pair("--policy", each) for each in arguments.policy),
                "headers": dict(_pair("--header", each) for each in arguments.header),
                "private_network": arguments.private_network,
                "narrow": arguments.narrow,
            }
        },
        "grants": {},
        "approvals": {"approvers": arguments.approver},
    }
    try:
        return parse(json.dumps(document).encode(), folder=Path())
    except ManifestError as error:
        raise CannotRun("; ".join(map(str, error.faults))) from error


def _pair(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise CannotRun(f"{option} `{text}` must have the form NAME=VALUE")
    return name, value


async def _list(world: "World", arguments: argparse.Namespace) -> int:
    from handler.cli.printing import listing

    facts = [_facts(server) for server in await world.store.registry.servers()]
    print(listing(facts, arguments.format, COLUMNS, "no servers yet"))
    return FINE


async def _show(world: "World", arguments: argparse.Namespace) -> int:
    from handler.admin import grants, servers
    from handler.cli.printing import sheet

    server = await servers.named(world.store.registry, arguments.name)
    using = await grants.listed(world.store.ledger)
    facts = {
        **_facts(server),
        "grants": [grant.label for grant in using if grant.server == server.name],
        "url": world.base_url and f"{world.base_url}/{server.name}",
    }
    print(sheet(facts, arguments.format))
    return FINE


async def _remove(world: "World", arguments: argparse.Namespace) -> int:
    from handler.admin import servers

    await servers.remove(world.store, arguments.name)
    print(f"removed {arguments.name}", file=sys.stderr)
    return FINE


def _facts(server: "Server") -> "Facts":
    from handler.cli.printing import made_by

    return {
        "name": server.name,
        "upstream": server.place,
        "paused": server.paused,
        "policies": dict(server.policies),
        "headers": dict(server.headers),
        "private_network": server.private_network,
        "sessions": server.sessions.value,
        "drift": server.drift.value,
        "narrow": server.narrow,
        "allow": list(server.allow),
        "oauth": server.oauth and server.oauth.issuer.url,
        "made_by": made_by(declared=server.declared),
    }
