"""Rewrites of a policy.json that follow from its warnings, and what they may do to decisions.

Must not know files or commands, nor how text is changed (`rewrite`). `fix` takes out what no call
can reach, where compiler.answers finds that before and after decide every call alike.
`offer_approval` turns permanent denials that speak of approval into rules that a person can answer:
it widens, and only to holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from compiler.answers.diff import Difference, diff
from compiler.answers.effort import Effort, Exhausted
from compiler.answers.relation import Relation
from compiler.diagnostics import Diagnostic
from compiler.parse import parse
from compiler.rewrite import Document, edited
from compiler.verdict import Effect

MOST_ROUNDS = 20
"""Permanent denials of one entry that are turned into approvals."""


class CannotFix(Exception):
    """The rewriting would not mean what it must: a fault of ours, and nothing is written."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """The new text, the warnings it answers (placed in the old text), and how it differs."""

    text: str
    done: tuple[Diagnostic, ...]
    difference: Difference | None


def fix(text: str) -> Fixed:
    """Take out what no call can reach, as far as that provably changes nothing."""
    document = Document.of(text)
    wanted = document.removable() if document else []
    if document is None or not wanted:
        return Fixed(text, (), None)
    found = _without(document, wanted, Effort())
    if found is None:
        effort = Effort()
        for one in wanted:
            kept = found.done if found else ()
            found = _without(document, (*kept, one), effort) or found
    return found or Fixed(text, (), None)


def _without(document: Document, removed: Sequence[Diagnostic], effort: Effort) -> Fixed | None:
    """The text without these, if it is known to decide alike; all that is asked shares effort."""
    try:
        effort.spend(len(document.text))
    except Exhausted:
        return None
    text = document.without(removed)
    after = parse(text).policy
    found = diff(document.policy, after, effort) if after else None
    if found is None or found.relation is not Relation.EQUAL:
        return None
    return Fixed(text, tuple(removed), found)


def offer_approval(text: str) -> Fixed:
    """Turn each permanent deny whose text speaks of approval into an `approve_if`."""
    first = document = Document.of(text)
    done: list[Diagnostic] = []
    for _ in range(MOST_ROUNDS):
        edits = list(document.held()) if document else []
        if document is None or not edits:
            break
        done += [one for one, _ in edits]
        document = Document.of(edited(document.text, [edit for _, each in edits for edit in each]))
    if first is None or document is None or not done:
        return Fixed(text, (), None)
    found = diff(first.policy, document.policy)
    for change in found.changes:
        if change.relation is not Relation.WIDER or change.after.effect is Effect.ALLOW:
            raise CannotFix("asking for approval instead would do more than hold calls")
    return Fixed(document.text, tuple(done), found)
