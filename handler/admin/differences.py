"""What changes in the texts of policies that a plan moves from one revision to another."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from compiler.artifact import unpack
from handler.admin import policies
from handler.admin.apply import Plan
from handler.admin.servers import Moved
from handler.failure import CannotRun
from handler.stores.base import Registry


@dataclass(frozen=True, slots=True)
class Difference:
    """A policy before and after. `lines` are those of a unified diff, without line ends."""

    moved: Moved
    lines: Sequence[str]


async def differences(registry: Registry, plan: Plan) -> list[Difference]:
    """One for each policy that was there and is to stand for another revision. Only reads."""
    new = {artifact.digest: artifact for artifact in plan.artifacts}
    found = []
    for move in plan.moved:
        if move.before is None or move.after is None:
            continue
        try:
            before = await policies.source(registry, move.before)
        except CannotRun as error:  # an older version's artifact must not keep a newer one out
            found.append(Difference(move, [str(error)]))
            continue
        after = unpack(new[move.after].data, move.after).source.decode()
        lines = difflib.unified_diff(
            before.splitlines(), after.splitlines(), "before", "after", lineterm="", n=2
        )
        found.append(Difference(move, list(lines)))
    return found
