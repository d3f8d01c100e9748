"""Which limits of a plan's policies cost a transaction on AWS: those counted beside the grant.

Must not know prices; docs/deploy.md has them. All limits of a grant itself are part of the one
write that every call makes.
"""

from dataclasses import dataclass

from compiler.artifact import unpack
from compiler.table.read import decode
from handler.admin.apply import Plan
from handler.admin.servers import Moved
from handler.limits.debits import is_apart
from handler.policies.model import Artifact


@dataclass(frozen=True, slots=True)
class Transactions:
    """A policy that the plan brings, and the rules of its limits that cost one."""

    moved: Moved
    limits: tuple[str, ...]


def transactions(plan: Plan) -> list[Transactions]:
    """One for each policy with such limits."""
    new = {artifact.digest: artifact for artifact in plan.artifacts}
    brought = [(move, _limits(new[move.after])) for move in plan.moved if move.after]
    return [Transactions(move, limits) for move, limits in brought if limits]


def _limits(artifact: Artifact) -> tuple[str, ...]:
    """Each once, in the order of the policy."""
    rows = decode(unpack(artifact.data, artifact.digest).table).limits
    found = (row.place.rule for row in rows if is_apart(row.scope, keyed=bool(row.per)))
    return tuple(dict.fromkeys(found))
