"""`holdpoint apply gateway.json`: bring a gateway to what the file says, after showing how.

Exit codes: 0 done or nothing to do, 1 not done (declined, or only looked with changes to make), 2
could not run.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from handler.cli.where import add_format, add_world, work
from handler.cli.working import working
from handler.failure import CannotRun

if TYPE_CHECKING:
    from handler.admin.apply import Plan
    from handler.admin.differences import Difference
    from handler.admin.transactions import Transactions
    from handler.entry.worlds import World

FINE, NOT_DONE = 0, 1

MOST_LINES = 200
"""Lines of one policy's difference that people are shown."""

MOST_LIMITS = 10
"""Limits of one policy that people are shown."""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "apply",
        help="bring a gateway to what a gateway.json says",
        description="Show what has to change so that servers, policies and grants are as the file "
        "says, ask, and do it. What a file made and it no longer names is removed or revoked; what "
        "was made by hand stays. Doing it twice changes nothing.",
        epilog="exit codes: 0 done or nothing to do, 1 not done: declined, or --dry-run with "
        "something to do; 2 could not run",
    )
    parser.add_argument("manifest", type=Path, metavar="gateway.json", help="what there should be")
    parser.add_argument("--dry-run", action="store_true", help="show the plan and change nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_format(parser)
    add_world(parser)


def run(arguments: argparse.Namespace) -> int:
    """Raises `CannotRun`."""
    may_ask = sys.stdin.isatty() and arguments.format == "text"
    if not (arguments.dry_run or arguments.yes or may_ask):
        raise CannotRun("nobody is there to be asked: give --yes to apply, or --dry-run to look")
    is_new = arguments.stack is None and not arguments.data.exists()
    if not (arguments.dry_run and is_new):
        return work(arguments, _apply, create=True)
    with TemporaryDirectory() as empty:
        arguments.data = Path(empty)
        return work(arguments, _apply, create=True)


async def _apply(world: "World", arguments: argparse.Namespace) -> int:
    from handler.admin import apply, references
    from handler.admin.authorities import misled
    from handler.admin.compiling import policies
    from handler.admin.differences import differences
    from handler.admin.transactions import transactions
    from handler.cli.manifest_file import loaded

    manifest = loaded(arguments.manifest)
    references.check(manifest.servers, world.readable, world.name)
    made = policies(manifest, modules=world.modules)
    for warning in filter(None, (made.warnings, misled(manifest, world.base_url))):
        print(warning, file=sys.stderr)
    plan = await apply.plan(world.store, manifest, made.compiled)
    with working("comparing"):
        found = await differences(world.store.registry, plan, manifest.approvers)
    paid = transactions(plan) if world.pays_transactions else []
    print(_shown(plan, found, paid, arguments.format))
    if not plan.steps:
        return FINE
    if arguments.dry_run:
        return NOT_DONE
    if not arguments.yes and not _agreed(world.name):
        print("nothing was changed", file=sys.stderr)
        return NOT_DONE
    by = world.operator()
    try:
        await apply.carry_out(world.store, plan, by, world.clock.now())
    except apply.Overtaken:
        raise CannotRun(
            "something else was changed meanwhile, so the rest of this plan was not carried out: "
            "run it again to see what is left to do"
        ) from None
    except BaseException:  # the store refused or went away, or somebody pressed Ctrl-C
        print(
            "stopped on the way: what was done stays, and widens nothing that the file does not; "
            "run it again to see what is left to do",
            file=sys.stderr,
        )
        raise
    signed_in = {rule.grant for rule in manifest.oauth.rules} if manifest.oauth else set()
    print("done", file=sys.stderr)
    if arguments.format == "text":
        _tell_what_is_next(plan, signed_in, world.options)
    return FINE


def _agreed(world: str) -> bool:
    print(f"apply this to {world}? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _shown(
    plan: "Plan", found: Sequence["Difference"], paid: Sequence["Transactions"], form: str
) -> str:
    if form == "json":
        from compiler.answers.wording import difference_record

        document = {
            "steps": [asdict(step) for step in plan.steps],
            "left": plan.left,
            "by_hand": plan.by_hand,
            "policies": [
                {
                    **asdict(each.moved),
                    "answers": each.answers and difference_record(each.answers),
                    "text": each.lines,
                }
                for each in found
            ],
            "transactions": [
                {"server": one.moved.server, "policy": one.moved.policy, "limits": one.limits}
                for one in paid
            ],
        }
        return json.dumps(document, indent=2)
    parts = [str(plan), *map(_difference, found), *map(_paid, paid)]
    if plan.left:
        parts.append(f"left as it is: {', '.join(plan.left)}")
    if plan.by_hand:
        parts.append(f"made by hand, so it stays: {', '.join(plan.by_hand)}")
    return "\n\n".join(parts)


def _difference(one: "Difference") -> str:
    """What becomes of calls, by calls, and then the texts."""
    from compiler.answers.wording import difference_text
    from handler.approvals.display import visible
    from handler.cli.printing import SHORT

    move, more = one.moved, len(one.lines) - MOST_LINES
    name = f"policy {move.policy} of server {move.server}"
    before, after = (move.before or "")[:SHORT], (move.after or "")[:SHORT]
    parts = [f"{name}, {before} -> {after}:"]
    if one.answers is not None:
        parts += difference_text(one.answers, before, after).splitlines()
    else:
        parts.append("not compared by what happens to calls")
    parts += map(visible, one.lines[:MOST_LINES])
    if not one.lines:
        parts.append("the text is the same; the compiler or who is asked by default is not")
    elif more > 0:
        parts.append(f"… {more} more lines")
    return "\n  ".join(parts)


def _paid(one: "Transactions") -> str:
    from handler.approvals.display import visible

    named, more = ", ".join(map(visible, one.limits[:MOST_LIMITS])), len(one.limits) - MOST_LIMITS
    rest = f" and {more} more" if more > 0 else ""
    return (
        f"policy {one.moved.policy} of server {one.moved.server}: a call that these limits count "
        f"costs a transaction, since they are counted beside its grant: {named}{rest}"
    )


def _tell_what_is_next(plan: "Plan", signed_in: set[str], options: str) -> None:
    """Which grants have no token; access tokens may stand for those that are `signed_in`."""
    made = (change.after for change in plan.grants if not change.after.token_hashes)
    bare = [grant.label for grant in made if grant.label not in signed_in]
    if bare:
        print(
            f"no token yet: {', '.join(bare)}; `holdpoint grant token NAME{options}` makes one",
            file=sys.stderr,
        )
