"""`holdpoint prove`: whether a policy can ever admit what must never happen.

Exit codes: 0 every claim holds, 1 one does not or is not decided, 2 could not run.
"""

import argparse
import json
import sys

from compiler.answers.claim import Claim, ClaimError, parse_claim
from compiler.answers.prove import prove
from compiler.answers.wording import proof_record, proof_text
from handler.cli.policy_file import add_approver, compiled
from handler.cli.working import working
from handler.failure import CannotRun

FINE, FOUND = 0, 1


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "prove",
        help="say whether a policy can ever admit a call",
        description="Says of each claim whether it holds for every call, or shows a call for which "
        "it does not.",
        epilog="exit codes: 0 all hold, 1 one does not or is not decided, 2 could not run",
    )
    parser.add_argument("policy", help="the path of a policy.json")
    parser.add_argument(
        "--never",
        action="append",
        required=True,
        metavar="CLAIM",
        help='such as "create_charge where args.amount > 500 without approval"; '
        "may be given more than once",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    add_approver(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print what became of each claim. Raises `CannotRun` where one cannot be read."""
    claims = [_claim(text) for text in arguments.never]
    policy = compiled(arguments.policy, tuple(arguments.approver)).policy
    with working("proving"):
        proofs = [prove(policy, claim) for claim in claims]
    if arguments.format == "json":
        records = [proof_record(proof) for proof in proofs]
        sys.stdout.write(json.dumps(records, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.writelines(map(proof_text, proofs))
    return FINE if all(proof.holds for proof in proofs) else FOUND


def _claim(text: str) -> Claim:
    try:
        return parse_claim(text)
    except ClaimError as error:
        raise CannotRun(f"--never {text!r}: {error}") from None
