"""`holdpoint approvals`: held calls, and answering them with operators' rights."""

import argparse
import sys
from typing import TYPE_CHECKING

from handler.cli.where import add_format, add_world, work
from handler.failure import CannotRun

if TYPE_CHECKING:
    from handler.admin.answering import Held
    from handler.approvals.desk import Recorded
    from handler.approvals.listing import Line
    from handler.approvals.model import Approval
    from handler.entry.worlds import World

FINE = 0

COLUMNS = ("id", "status", "asked_at", "deadline", "agent", "server", "tool", "approvers")


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("approvals", help="list, show and answer held calls")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    listing = verbs.add_parser("list", help="list the calls that wait, or are being run")
    listing.add_argument("--all", action="store_true", help="finished ones too, newest first")
    listing.add_argument("--limit", type=_count, default=100, help="at most so many (%(default)s)")
    add_format(listing)
    listing.set_defaults(act=_list)

    show = verbs.add_parser("show", help="show one held call with its arguments")
    show.add_argument("id", help="its id, or how that starts")
    show.add_argument("--no-arguments", action="store_true", help="leave the arguments sealed")
    add_format(show)
    show.set_defaults(act=_show)

    approve = verbs.add_parser("approve", help="say yes in an approver's name")
    approve.add_argument("id", help="its id, or how that starts")
    approve.add_argument(
        "--as", dest="approver", metavar="ADDRESS", required=True,
        help="whose yes it is: one of the approvers that the call's rules ask",
    )  # fmt: skip
    approve.set_defaults(act=_approve)

    reject = verbs.add_parser("reject", help="say no, which ends the call")
    reject.add_argument("id", help="its id, or how that starts")
    reject.add_argument(
        "--as", dest="approver", metavar="ADDRESS", help="whose no it is; without it, your own"
    )
    reject.set_defaults(act=_reject)

    for verb in (approve, reject):
        verb.add_argument("--note", default="", help="why; approvers and the agent may read it")
    for verb in verbs.choices.values():
        add_world(verb)


def run(arguments: argparse.Namespace) -> int:
    """Raises `CannotRun`."""
    return work(arguments, arguments.act)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


async def _list(world: "World", arguments: argparse.Namespace) -> int:
    from handler.admin import answering
    from handler.cli.printing import listing

    found = await answering.listed(
        world.store.ledger,
        world.clock.now(),
        world.terms,
        limit=arguments.limit,
        everything=arguments.all,
    )
    facts = [_facts(approval) for approval in found]
    print(listing(facts, arguments.format, COLUMNS, "no call waits for anybody"))
    return FINE


async def _show(world: "World", arguments: argparse.Namespace) -> int:
    from handler.approvals.listing import SCREEN, listing
    from handler.cli.printing import sheet
    from handler.stores.base import NotAllowed

    held = await _held(world, arguments.id)
    facts = _facts(held.approval) | _more(held)
    hidden = {} if held.answers is not None else {"answers": NO_ANSWERS}
    asked = None
    if not arguments.no_arguments:
        try:
            vault = await world.vault()
            asked = await vault.arguments(held.approval.id, world.clock.now())
        except (CannotRun, NotAllowed) as error:
            hidden["arguments"] = str(error)
    if arguments.format == "json":
        print(sheet(facts | {"arguments": asked, "not_shown": hidden}, "json"))
        return FINE
    print(sheet(facts, "text"))
    for what, why in hidden.items():
        print(f"\nits {what} are not shown: {why}")
    if asked is not None:
        shown = listing(asked, SCREEN)
        print("\narguments")
        for line in shown.lines:
            print(_argument(line))
        if shown.unflagged:
            print(f"  look closely: words in {shown.unflagged:,} more lines may be read as others")
        if shown.omitted:
            print(f"  … {shown.omitted} more; --format json shows all")
    elif not arguments.no_arguments and "arguments" not in hidden:
        print("\nits arguments are not kept any more")
    return FINE


def _argument(line: "Line") -> str:
    """One argument; further lines of a value are marked, so that none passes for an argument."""
    indent = "  " * (line.depth + 1)
    first, *rest = line.text.split("\n")
    return "\n".join(
        [
            f"{indent}{line.name}  {first}".rstrip(),
            *(f"{indent}  | {further}" for further in rest),
            *(f"{indent}  look closely: {flag}" for flag in line.flags),
        ]
    )


async def _approve(world: "World", arguments: argparse.Namespace) -> int:
    from handler.admin import answering

    held = await _held(world, arguments.id)
    recorded = await answering.approve(
        await world.desk(), held, arguments.approver, arguments.note, world.operator()
    )
    print(_said(recorded), file=sys.stderr)
    return FINE


async def _reject(world: "World", arguments: argparse.Namespace) -> int:
    from handler.admin import answering

    held = await _held(world, arguments.id)
    recorded = await answering.reject(
        await world.desk(), held, arguments.approver, arguments.note, world.operator()
    )
    print(_said(recorded), file=sys.stderr)
    return FINE


async def _held(world: "World", start: str) -> "Held":
    from handler.admin import answering

    store = world.store
    return await answering.shown(store.ledger, store.answers, start, world.clock.now(), world.terms)


def _facts(approval: "Approval") -> dict[str, object]:
    from handler.approvals.quorum import asked
    from handler.cli.printing import moment

    return {
        "id": approval.id,
        "status": approval.status.value,
        "asked_at": moment(approval.created_at),
        "deadline": moment(approval.deadline),
        "agent": approval.grant_label,
        "server": approval.server,
        "tool": approval.tool,
        "approvers": list(asked(approval.holds, approval.grant_label)),
    }


def _more(held: "Held") -> dict[str, object]:
    from handler import trace
    from handler.approvals.quorum import standings
    from handler.cli.printing import moment

    approval, answers = held.approval, held.answers
    return {
        **trace.names(approval.origin.trace),
        "revision": approval.revision,
        "rules": [
            f"{one.hold.place.rule} ({'?' if answers is None else len(one.given)} of "
            f"{one.hold.quorum}): {one.hold.reason}"
            for one in standings(approval.holds, answers or (), approval.grant_label)
        ],
        "mailed": list(approval.mailed),
        "undeliverable": list(approval.undeliverable),
        "answers": [
            {
                "approver": answer.approver,
                "approved": answer.approved,
                "at": moment(answer.at),
                "operator": answer.operator or None,
                "note": answer.note,
            }
            for answer in answers
        ]
        if answers is not None
        else None,
        "detail": approval.detail,
    }


NO_ANSWERS = "you have no right to read what was answered, which lies beside what wakes a call"

SENTENCES = {
    "pending": "counted; the call still waits for others",
    "approved": "approved; the gateway runs the call now, if it may run at all",
    "rejected": "rejected; the call is not run",
}
"""What an answer led to."""


NOT_TOLD = (
    "approved and kept, but the gateway could not be told to run the call: run this command again "
    "within five minutes, or the call is not run"
)


def _said(recorded: "Recorded") -> str:
    status = recorded.approval.status.value
    return NOT_TOLD if status == "approved" and not recorded.told else SENTENCES[status]
