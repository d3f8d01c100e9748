"""Single rules and conditions: what does not guard what it seems to guard.

Must not know what other rules leave for one: `shadows` does.
"""

import json
import re
from collections.abc import Iterator

from compiler import regex
from compiler.check.sections import Section
from compiler.diagnostics import Report, quote
from compiler.policy import ORDERINGS, PATTERNS, Condition, Operator, Root, Rule, Step
from compiler.regex.run import MATCHED, NEVER
from compiler.truth import NEGATIONS
from compiler.values import NUMBER, Value

Steps = tuple[Step, ...]


def check_optional(section: Section, report: Report) -> None:
    """A `deny_if` comparison is false where the argument is missing, so leaving it out passes."""
    guarded = _guarded(section)
    for rule in section.rules.deny_if:
        asked = {_place(one) for one in rule.conditions if one.operator is Operator.EXISTS}
        for condition in rule.conditions:
            fires_on_missing = condition.operator in (Operator.EXISTS, *NEGATIONS)
            place = _place(condition)
            known = place in guarded or place in asked or condition.path.root is not Root.ARGS
            if not fires_on_missing and not known:
                path = condition.path.text
                form = json.dumps({"path": path, "op": "exists", "value": True})
                message = f"a call without {quote(path)} passes this `deny_if`"
                advice = f'if it must be there: "require": [{{"conditions": [{form}]}}]'
                report.add("W104", condition.span, message, advice)


def _guarded(section: Section) -> set[tuple[Root, Steps]]:
    """The paths without which a call is denied already."""
    required = (one for rule in section.require for one in rule.conditions)
    refused = (rule.conditions[0] for rule in section.deny_if if len(rule.conditions) == 1)
    return {
        *(_place(one) for one in required if not _asks_for_absence(one)),
        *(_place(one) for one in refused if _asks_for_absence(one)),
    }


def _asks_for_absence(condition: Condition) -> bool:
    return condition.operator is Operator.EXISTS and condition.value is False


def _place(condition: Condition) -> tuple[Root, Steps]:
    return condition.path.root, condition.path.steps


FLAGS = re.compile(r"^\(\?([a-zA-Z]*)(?:-[a-zA-Z]+)?\)")
ATOM = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()|]|[^\\\[()|]+|.", re.DOTALL)


def is_anchored(pattern: str) -> bool:
    """Whether a pattern matches whole texts only: `^…$` around everything it says."""
    flags = FLAGS.match(pattern)
    lines = flags is not None and "m" in flags[1]  # there, `^` and `$` are the edges of any line
    atoms = ATOM.findall(FLAGS.sub("", pattern))
    depth = 0
    for atom in atoms:
        depth += (atom == "(") - (atom == ")")
        if atom == "|" and depth == 0:
            return False
    if not atoms:
        return False
    starts = (atoms[0].startswith("^") and not lines) or atoms[0] == r"\A"
    dollar = atoms[-1].endswith("$") and not atoms[-1].startswith("\\")
    return starts and ((dollar and not lines) or atoms[-1] == r"\z")


def check_anchors(section: Section, report: Report) -> None:
    """An allow-list that matches anywhere in the text lets `x evil` through where `x` is meant."""
    for rule in section.rules.require:
        for condition in rule.conditions:
            pattern = str(condition.value)
            said = _constant(condition) or _lookalike(condition.operator, condition.value)
            if condition.operator is Operator.REGEX and not (said or is_anchored(pattern)):
                message = f"{quote(pattern)} matches anywhere in the text"
                advice = f"to match all of it: {quote(f'^(?:{pattern})$')}"
                report.add("W105", condition.span, message, advice)


APPROVAL_WORDS = re.compile(r"approv|human|review|sign.?off|confirm|permission", re.IGNORECASE)


def check_approval_text(section: Section, report: Report) -> None:
    """A permanent deny that reads as if somebody could say yes."""
    for rule in section.rules.deny_if:
        if not rule.conditions and APPROVAL_WORDS.search(rule.message):
            message = "this denies every call, and nobody can approve one"
            report.add("W106", rule.span, message, f"to hold calls instead: {holding_form(rule)}")


def holding_form(rule: Rule) -> str:
    """The `approve_if` that says what the text of a permanent deny only promises."""
    held = {"conditions": [], "reason": rule.message, "approvers": ["you@example.com"]}
    return f'"approve_if": [{json.dumps(held, ensure_ascii=False)}]'


def check_approvers(section: Section, report: Report) -> None:
    """Calls that an `approve_if` holds are denied where nobody can be asked."""
    for rule in section.rules.approve_if:
        if not rule.approvers:
            message = "nobody can approve this, so the calls it holds are denied"
            advice = 'add "approvers": ["you@example.com"], here or in `approvals`'
            report.add("W107", rule.span, message, advice)


def check_constant(section: Section, report: Report) -> None:
    """Conditions that answer the same for every call that has the argument, or nearly."""
    for condition in _conditions(section):
        found = _constant(condition)
        if found:
            report.add("W112", condition.span, *found)


def _conditions(section: Section) -> Iterator[Condition]:
    rules = section.rules
    for rule in (*rules.require, *rules.deny_if):
        yield from rule.conditions
    for held in rules.approve_if:
        yield from held.conditions


def _constant(condition: Condition) -> tuple[str, str] | None:
    operator, value = condition.operator, condition.value
    if operator in (Operator.EQ, Operator.NEQ) and value is None:
        message = f"`{operator}` null is a mismatch for everything but null"
        return message, "to ask whether a value is there, use `exists`"
    if operator in (Operator.IN, Operator.NOT_IN) and value == []:
        return f"`{operator}` an empty list is a mismatch for every value", "list some values"
    if operator is Operator.LENGTH_GTE and value == 0:
        return "every length is at least 0", ""
    if operator in PATTERNS:
        pattern = str(value)
        told = SETTLED.get(regex.compiled(pattern).start)
        advice = "a pattern stands without slashes" if pattern.startswith("/") else ""
        return (f"{told} {quote(pattern)}", advice) if told else None
    return None


SETTLED = {NEVER: "no text can match", MATCHED: "every text matches"}
"""What is told of a pattern whose automaton starts where reading changes nothing."""

SLASHED = re.compile(r"/(.+)/([gimsuy]+)", re.DOTALL)


def check_lookalikes(section: Section, report: Report) -> None:
    """Texts that are read otherwise than they look."""
    for condition in _conditions(section):
        found = _lookalike(condition.operator, condition.value)
        if found:
            report.add("W115", condition.span, *found)


def _lookalike(operator: Operator, value: Value) -> tuple[str, str] | None:
    if not isinstance(value, str):
        return None
    if operator in ORDERINGS and NUMBER.fullmatch(value):
        message = f"`{operator}` {quote(value)} orders texts, sign by sign: `10` is before `9`"
        return message, f"write {value} without quotes, or numbers will be mismatches"
    slashed = SLASHED.fullmatch(value) if operator in PATTERNS else None
    if slashed:
        flags = "(?i)" if "i" in slashed[2] else ""
        return (
            f"the slashes of {quote(value)} are matched too",
            f"write {quote(flags + slashed[1])}",
        )
    return None


CHECKS = (
    check_optional,
    check_anchors,
    check_approval_text,
    check_approvers,
    check_constant,
    check_lookalikes,
)
