"""The table engine: decides from a decision table, with closures made per tool when first called.

Must not know policy text: it loads none of the compiler but what reads a table. Its answers are
those of `compiler.meaning`, which tests hold it to.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
import json

from compiler import names
from compiler.ir import HoldRow, LimitRow, RuleRow
from compiler.policy import Path, Root
from compiler.regex.run import Dfa
from compiler.table.read import Table
from compiler.values import Value
from compiler.verdict import Call, Charge, Effect, Hold, Place, Subject, Verdict
from handler.decision import facts
from handler.decision.charges import Taking, taking
from handler.decision.operators import MISMATCH, Object, Test, member_test
from handler.decision.paths import Worst, along, worst_refused, worst_required

MOST_TOOLS = 4096
"""How many tools' closures are kept: some 5 KB each, made again in tens of microseconds."""

LONGEST_KEPT_NAME = 256
"""Longer names are looked up each time, so that no call can fill memory with names."""

ALLOWED = Verdict(Effect.ALLOW, None)

Roots = Sequence[Object]
"""The objects that paths start from, in the order of `Root`."""

ROOTS = tuple(Root)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition, ready to be asked."""

    root: int
    test: Test
    mismatch: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a call of one tool must pass."""

    require: tuple[tuple[RuleRow, tuple[Condition, ...]], ...]
    deny_if: tuple[tuple[RuleRow, tuple[Condition, ...]], ...]
    approve_if: tuple[tuple[HoldRow, tuple[Condition, ...]], ...]
    limits: tuple[Taking, ...]
    args_only: bool
    """Whether no path starts at the grant or the time."""
