"""`holdpoint grant`: what agents may use, and the tokens that prove it."""

import argparse
import sys
from typing import TYPE_CHECKING

from handler.cli.token_output import add_out, deliver
from handler.cli.where import add_format, add_world, work

if TYPE_CHECKING:
    from handler.cli.printing import Facts
    from handler.entry.worlds import World
    from handler.grants.model import Grant

FINE = 0

COLUMNS = ("name", "server", "policy", "status", "tokens", "expires_at", "tags")


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("grant", help="make, list, rotate and revoke grants")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    create = verbs.add_parser("create", help="make a grant, without a token")
    create.add_argument("name", help="lower-case letters, digits, - and _")
    create.add_argument("--server", required=True, help="the one server it is for")
    create.add_argument("--policy", help="the name of one of that server's policies")
    create.add_argument(
        "--tag", action="append", default=[], help="read by conditions; may be given more than once"
    )
    create.add_argument("--expires-at", metavar="TIME", help="such as 2027-01-31T00:00:00Z")
    create.set_defaults(act=_create)

    listing = verbs.add_parser("list", help="list grants")
    listing.add_argument("--all", action="store_true", help="those that were revoked too")
    add_format(listing)
    listing.set_defaults(act=_list)

    show = verbs.add_parser("show", help="show one grant")
    show.add_argument("name", help="its name, or its id")
    add_format(show)
    show.set_defaults(act=_show)

    token = verbs.add_parser("token", help="make a grant's token and show it once")
    token.add_argument("name", help="its name, or its id")
    add_out(token)
    token.set_defaults(act=_rotate, at_once=False)

    rotate = verbs.add_parser("rotate", help="make a new token; the one before stays good")
    rotate.add_argument("name", help="its name, or its id")
    rotate.add_argument(
        "--at-once", action="store_true", help="no token from before stays good (it leaked)"
    )
    add_out(rotate)
    rotate.set_defaults(act=_rotate)

    revoke = verbs.add_parser("revoke", help="end a grant for good, from its next call on")
    revoke.add_argument("name", help="its name, or its id")
    revoke.set_defaults(act=_revoke)

    for verb in verbs.choices.values():
        add_world(verb)


def run(arguments: argparse.Namespace) -> int:
    """Raises `CannotRun`."""
    return work(arguments, arguments.act)


async def _create(world: "World", arguments: argparse.Namespace) -> int:
    from dataclasses import replace

    from handler.admin import grants
    from handler.cli import times

    wanted = replace(
        grants.new(arguments.name, arguments.server),
        policy=arguments.policy,
        tags=tuple(arguments.tag),
        expires_at=times.at(arguments.expires_at) if arguments.expires_at else None,
    )
    await grants.create(world.store, wanted)
    command = f"holdpoint grant token {wanted.label}{world.options}"
    print(f"created; `{command}` makes its token", file=sys.stderr)
    if wanted.policy is None:
        print("it has no policy, so every call is denied", file=sys.stderr)
    return FINE


async def _list(world: "World", arguments: argparse.Namespace) -> int:
    from handler.admin import grants
    from handler.cli.printing import listing

    found = await grants.listed(world.store.ledger, revoked=arguments.all)
    facts = [_facts(world, grant) for grant in found]
    print(listing(facts, arguments.format, COLUMNS, "no grants yet"))
    return FINE


async def _show(world: "World", arguments: argparse.Namespace) -> int:
    from handler.admin import grants
    from handler.cli.printing import sheet

    grant = await grants.named(world.store.ledger, arguments.name)
    server = await world.store.registry.server(grant.server)
    policies = server.policies if server else {}
    facts = {
        **_facts(world, grant),
        "revision": policies.get(grant.policy or ""),
        "server_paused": bool(server and server.paused),
        "url": world.base_url and f"{world.base_url}/{grant.server}",
    }
    print(sheet(facts, arguments.format))
    return FINE


async def _rotate(world: "World", arguments: argparse.Namespace) -> int:
    from handler.admin import grants

    ledger = world.store.ledger
    grant = await grants.named(ledger, arguments.name)

    async def make() -> str:
        return await grants.rotate(ledger, grant, at_once=arguments.at_once)

    await deliver(arguments.out, make)
    if grant.token_hashes:
        before = "stopped working" if arguments.at_once else "stays good until the next one"
        print(f"the token before {before}", file=sys.stderr)
    return FINE


async def _revoke(world: "World", arguments: argparse.Namespace) -> int:
    from handler.admin import grants

    grant = await grants.named(world.store.ledger, arguments.name)
    await grants.revoke(world.store.ledger, grant)
    print(f"revoked {grant.label}, from its next call on", file=sys.stderr)
    return FINE


def _facts(world: "World", grant: "Grant") -> "Facts":
    from handler.cli.printing import made_by, moment

    over = grant.expires_at is not None and world.clock.now() >= grant.expires_at
    ended = grant.status.value == "revoked"
    return {
        "name": grant.label,
        "id": grant.id,
        "server": grant.server,
        "policy": grant.policy,
        "status": "expired" if over and not ended else grant.status.value,
        "tokens": len(grant.token_hashes),
        "expires_at": moment(grant.expires_at),
        "tags": list(grant.tags),
        "made_by": made_by(declared=grant.declared),
    }
