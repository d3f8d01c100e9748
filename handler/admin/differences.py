"""What changes where a policy's name moves from one revision to another: its answers and its text.

Whether the new one is wider or narrower is found from the sources of both, read with those who are
asked by default now. Must not know who wants to see it.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from compiler.answers.diff import Difference as Answers
from compiler.answers.diff import diff
from compiler.answers.witness import NotReproduced
from compiler.approvers import fill
from compiler.artifact import unpack
from compiler.parse import parse
from handler.admin import policies
from handler.admin.apply import Plan
from handler.admin.servers import Moved
from handler.failure import CannotRun
from handler.stores.base import Registry

LARGEST_COMPARED = 200_000
"""Characters of both texts together: beyond, comparing would keep an operator waiting."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A policy before and after."""

    moved: Moved
    answers: Answers | None
    """How the calls' fates differ; None where that was not compared."""
    lines: Sequence[str]
    """Those of a unified diff of the texts, without line ends."""


async def differences(
    registry: Registry, plan: Plan, approvers: tuple[str, ...]
) -> list[Difference]:
    """One for each policy that was there and is to stand for another revision. Only reads."""
    new = {artifact.digest: artifact for artifact in plan.artifacts}
    found = []
    for move in plan.moved:
        if move.before is None or move.after is None:
            continue
        after = unpack(new[move.after].data, move.after).source.decode()
        try:
            before = await policies.source(registry, move.before)
        except CannotRun as error:  # an older version's artifact must not keep a newer one out
            found.append(Difference(move, None, [str(error)]))
            continue
        found.append(Difference(move, compared(before, after, approvers), _lines(before, after)))
    return found


def compared(before: str, after: str, approvers: tuple[str, ...]) -> Answers | None:
    """How two texts differ in what happens to calls; None where that cannot be said."""
    if len(before) + len(after) > LARGEST_COMPARED:
        return None
    old, new = parse(before).policy, parse(after).policy
    if old is None or new is None:
        return None
    try:
        return diff(fill(old, approvers), fill(new, approvers))
    except NotReproduced:
        return None


def _lines(before: str, after: str) -> list[str]:
    pair = before.splitlines(), after.splitlines()
    return list(difflib.unified_diff(*pair, "before", "after", lineterm="", n=2))
