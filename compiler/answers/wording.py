"""Answers as people read them, and as records for programs.

Must not know how an answer is found.
"""

import json
from collections.abc import Sequence
from typing import Any

from compiler.answers.diff import Change, Difference, Undecided
from compiler.answers.prove import Proof
from compiler.answers.relation import Relation
from compiler.diagnostics import quote
from compiler.verdict import Effect, Verdict

MOST_NAMED = 3

HEADLINES = {
    Relation.EQUAL: "{new} decides every call as {old} does",
    Relation.WIDER: "{new} is wider than {old}",
    Relation.NARROWER: "{new} is narrower than {old}",
    Relation.DIFFERENT: "{new} differs from {old}",
    Relation.NOT_DECIDED: "{new} against {old}: not decided",
}
EFFECTS = {
    Effect.ALLOW: "allowed",
    Effect.REQUIRE_APPROVAL: "held",
    Effect.DENY: "denied",
}


def difference_text(found: Difference, old: str, new: str) -> str:
    """A headline; then each difference with its call, in the form `holdpoint decide` reads."""
    lines = [HEADLINES[found.relation].format(old=old, new=new)]
    for change in found.changes:
        lines += ["", f"{change.relation}: {_tools(change.tools)}: {_changed(change)}"]
        lines += [f"  {change.witness.line}"]
    for doubt in found.undecided:
        lines += ["", f"not decided: {_doubt(doubt)}"]
    return "\n".join(lines) + "\n"


def difference_record(found: Difference) -> dict[str, Any]:
    return {
        "relation": found.relation,
        "changes": [
            {
                "relation": one.relation,
                "tools": list(one.tools),
                "call": json.loads(one.witness.line),
                "before": _verdict_record(one.before),
                "after": _verdict_record(one.after),
                "limit": one.limit,
            }
            for one in found.changes
        ],
        "undecided": [
            {"tools": list(one.tools), "relation": one.relation, "reason": one.reason}
            for one in found.undecided
        ],
    }


def proof_text(proof: Proof) -> str:
    """What became of one claim."""
    never = f"never {proof.claim.text}"
    if proof.counterexample is not None and proof.verdict is not None:
        return f"does not hold: {never}\n  {proof.counterexample.line}\n  {_fate(proof.verdict)}\n"
    if proof.undecided:
        reasons = "".join(f"  {reason}\n" for reason in proof.undecided)
        return f"not decided: {never}\n{reasons}"
    return f"holds: {never}\n"


def proof_record(proof: Proof) -> dict[str, Any]:
    answer = "counterexample" if proof.counterexample else "not decided"
    return {
        "never": proof.claim.text,
        "answer": "holds" if proof.holds else answer,
        "call": json.loads(proof.counterexample.line) if proof.counterexample else None,
        "verdict": _verdict_record(proof.verdict) if proof.verdict else None,
        "undecided": list(proof.undecided),
    }


def _tools(tools: Sequence[str]) -> str:
    named = ", ".join(map(quote, tools[:MOST_NAMED]))
    more = len(tools) - MOST_NAMED
    return f"{named} and {more} more" if more > 0 else named


def _changed(change: Change) -> str:
    if change.limit:
        return change.limit
    if change.before.effect is change.after.effect:
        before, after = _holds(change.before), _holds(change.after)
        return f"held for {before}, now for {after}"
    return f"{_fate(change.before)}, now {_fate(change.after)}"


def _fate(verdict: Verdict) -> str:
    """`denied by /tools/pay/deny_if/args.amount-gt (line 9)`."""
    word, place = EFFECTS[verdict.effect], verdict.place
    if place is None:
        return word
    line = f" (line {place.line})" if place.line else ""
    return f"{word} by {place.rule}{line}"


def _holds(verdict: Verdict) -> str:
    return " and ".join(
        f"{one.quorum} of {', '.join(one.approvers)} within {one.expires_in} s"
        + ("" if one.mail_arguments else " without arguments in the mail")
        for one in verdict.holds
    )


def _doubt(doubt: Undecided) -> str:
    may = "" if doubt.relation is Relation.NOT_DECIDED else f"whether {doubt.relation}: "
    return f"{may}{_tools(doubt.tools)}: {doubt.reason}" if doubt.tools else may + doubt.reason


def _verdict_record(verdict: Verdict) -> dict[str, Any]:
    place = verdict.place
    return {
        "effect": verdict.effect,
        "rule": place and place.rule,
        "index": place and place.index,
        "line": place and place.line,
    }
