"""`holdpoint policy`: which policy a name stands for on a server, now and before."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from handler.cli.where import add_format, add_world, work
from handler.failure import CannotRun

if TYPE_CHECKING:
    from handler.admin.policies import Put
    from handler.entry.worlds import World
    from handler.policies.publish import Compiled

FINE = 0

COLUMNS = ("at", "revision", "by", "in_force")


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("policy", help="put a policy in force, see its history, go back")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    put = verbs.add_parser("put", help="put a policy in force, from the next call on")
    _add_policy(put)
    put.add_argument("file", type=Path, metavar="policy.json", help="what it is to say")
    put.add_argument(
        "--approver", action="append", default=[], metavar="ADDRESS",
        help="who is asked where the policy names nobody; may be given more than once",
    )  # fmt: skip
    put.set_defaults(act=_put)

    show = verbs.add_parser("show", help="print the policy.json that is in force, or was")
    _add_policy(show)
    show.add_argument("--revision", metavar="DIGEST", help="an earlier one, by how it starts")
    show.set_defaults(act=_show)

    history = verbs.add_parser("history", help="list what was in force, when, and by whom")
    _add_policy(history)
    add_format(history)
    history.set_defaults(act=_history)

    rollback = verbs.add_parser("rollback", help="put an earlier revision in force again")
    _add_policy(rollback)
    rollback.add_argument(
        "--to", metavar="DIGEST", help="which, by how it starts; without it, the one before"
    )
    rollback.set_defaults(act=_rollback)

    for verb in verbs.choices.values():
        add_world(verb)


def run(arguments: argparse.Namespace) -> int:
    """Raises `CannotRun`."""
    return work(arguments, arguments.act)


def _add_policy(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("server", help="the server")
    parser.add_argument("name", help="the policy's name on it")


async def _put(world: "World", arguments: argparse.Namespace) -> int:
    from handler.admin import policies

    made = _compiled(arguments.file, tuple(arguments.approver), world.modules)
    if made.warnings:
        print(made.warnings.strip(), file=sys.stderr)
    put = await policies.put(
        world.store.registry,
        arguments.server,
        arguments.name,
        made.artifact,
        world.operator(),
        world.clock.now(),
    )
    print(_said(put))
    if put.before is not None and put.changed:
        await _tell_difference(world, put.before, put.after, tuple(arguments.approver))
    return FINE


async def _tell_difference(
    world: "World", before: str, after: str, approvers: tuple[str, ...]
) -> None:
    """How calls fare otherwise; nothing where that cannot be said."""
    from compiler.answers.wording import difference_text
    from handler.admin import policies
    from handler.admin.differences import compared
    from handler.cli.printing import SHORT

    try:
        old = await policies.source(world.store.registry, before)
        new = await policies.source(world.store.registry, after)
    except CannotRun:
        return
    found = compared(old, new, approvers)
    if found is not None:
        sys.stdout.write(difference_text(found, before[:SHORT], after[:SHORT]))


def _compiled(file: Path, approvers: tuple[str, ...], module: bool) -> "Compiled":
    from handler.policies.publish import PolicyRefused, compile_source

    try:
        return compile_source(file.read_bytes(), str(file), approvers, module=module)
    except OSError as error:
        raise CannotRun(f"cannot read {file}: {error.strerror}") from error
    except PolicyRefused as refusal:
        raise CannotRun(
            f"{file} does not compile, so everything stays as it was\n{refusal.diagnostics.strip()}"
        ) from refusal


async def _show(world: "World", arguments: argparse.Namespace) -> int:
    from handler.admin import policies

    registry, server, name = world.store.registry, arguments.server, arguments.name
    if arguments.revision:
        digest = await policies.revision(registry, server, name, arguments.revision)
    else:
        digest = await policies.current(registry, server, name)
    sys.stdout.write(await policies.source(registry, digest))
    return FINE


async def _history(world: "World", arguments: argparse.Namespace) -> int:
    from handler.admin import policies
    from handler.cli.printing import listing, moment

    registry, server, name = world.store.registry, arguments.server, arguments.name
    told = await policies.history(registry, server, name)
    found = await registry.server(server)
    now_in_force = found.policies.get(name) if found else None
    last = {one.digest: index for index, one in enumerate(told)}
    facts = [
        {
            "at": moment(one.at),
            "revision": one.digest,
            "by": one.by,
            "in_force": one.digest == now_in_force and last[one.digest] == index,
        }
        for index, one in enumerate(told)
    ]
    print(listing(facts, arguments.format, COLUMNS, "nothing is known of the time before now"))
    return FINE


async def _rollback(world: "World", arguments: argparse.Namespace) -> int:
    from handler.admin import policies

    put = await policies.rollback(
        world.store.registry,
        arguments.server,
        arguments.name,
        arguments.to,
        world.operator(),
        world.clock.now(),
    )
    print(_said(put))
    if put.before is not None and put.changed:
        await _tell_difference(world, put.before, put.after, ())
    return FINE


def _said(put: "Put") -> str:
    from handler.cli.printing import SHORT

    if not put.changed:
        return f"revision {put.after[:SHORT]} is in force already"
    before = f", in place of {put.before[:SHORT]}" if put.before else ""
    return f"revision {put.after[:SHORT]} is in force from the next call on{before}"
