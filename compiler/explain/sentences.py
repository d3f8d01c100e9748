"""A whole policy in plain sentences: for each tool what decides, in the order it decides.

Must not know calls. The sentences are read from the parsed policy, so a shorthand reads as what it
stands for.
"""

from collections.abc import Iterator, Sequence

from compiler import globs
from compiler.diagnostics import visible
from compiler.explain.phrases import ANY, approval_words, conditions_words, limit_words
from compiler.meaning import Meaning, Section
from compiler.policy import ApprovalRule, Default, Entry, Limit, Policy, Rule, Rules

NOTES = """\
How to read this
  - The rules of a tool are asked from top to bottom, and the first that says no decides. What
    reaches the limits takes from all of them, or is denied.
  - A value of another kind than a rule compares (text where a number is meant) counts against the
    call: it is denied, or waits.
  - A value that is left out fails an `only if`, and fires no `denied if` and no `waits if` but
    those that say `other than`, `none of` or `not`. Where a rule says `given` or `left out`, that
    is the question itself, and null is left out too.
"""


def sentences(policy: Policy) -> str:
    """The policy in plain English, a section for each tool; ends with how to read it."""
    if policy.hide == (globs.STAR,):
        return "Every tool is hidden: none is listed, and every call is denied.\n"
    parts = [_hidden(policy), *_sections(policy), _others(policy), NOTES]
    return "\n".join(filter(None, parts))


def _hidden(policy: Policy) -> str:
    hidden = [f"`{visible(name)}`" for name in policy.hide]
    return f"Hidden, and denied when called: {', '.join(hidden)}\n" if hidden else ""


def _sections(policy: Policy) -> Iterator[str]:
    """Exact names as written, those without rules in one line, then globs, the closest first."""
    meaning = Meaning(policy)
    exact = [one for one in policy.tools if not one.is_glob and not meaning.hides(one.name)]
    plain = [one for one in exact if _plain(policy, one)]
    if plain:
        names = ", ".join(f"`{visible(one.name)}`" for one in plain)
        yield f"Allowed without a rule: {names}\n"
    for entry in exact:
        if not _plain(policy, entry):
            yield _section(f"Tool `{visible(entry.name)}`", meaning.sections(entry))
    patterns = [one for one in policy.tools if one.is_glob]
    for entry in sorted(patterns, key=lambda one: -globs.literal_length(one.name)):
        title = f"Tools named `{visible(entry.name)}`, unless listed above"
        yield _section(title, meaning.sections(entry))


def _plain(policy: Policy, entry: Entry) -> bool:
    """Whether no rule is asked of the entry's calls."""
    return entry.rules == Rules() == policy.all_tools


def _others(policy: Policy) -> str:
    if policy.default is Default.DENY:
        return "Any other tool is denied.\n"
    if policy.all_tools == Rules():
        return "Any other tool is allowed.\n"
    return _section("Any other tool", Meaning(policy).sections(None))


def _section(title: str, sections: list[Section]) -> str:
    lines = list(_lines(sections))
    numbered = [f"  {number}. {line}" for number, line in enumerate(lines, 1)]
    return "\n".join([title, *numbered, ""])


def _lines(sections: list[Section]) -> Iterator[str]:
    for entry, rules in sections:
        for rule in rules.require:
            yield f"{_required(rule)}{_said(rule.message)}{_where(entry, rule)}"
    for entry, rules in sections:
        for rule in rules.deny_if:
            yield f"{_denied(rule)}{_said(rule.message)}{_where(entry, rule)}"
    for entry, rules in sections:
        for limit in rules.limits:
            words = limit_words(limit, _owner(entry))
            yield f"{words[0].upper()}{words[1:]}.{_said(limit.message)}{_where(entry, limit)}"
    for entry, rules in sections:
        for held in rules.approve_if:
            yield f"{_held(held)}{_said(held.reason)}{_where(entry, held)}"
    rest = _rest([rules for _, rules in sections])
    if rest:
        yield rest


def _rest(sections: Sequence[Rules]) -> str:
    """What becomes of calls that no rule spoke of; empty where each call meets one."""
    waits = [held for rules in sections for held in rules.approve_if if not held.conditions]
    denied = any(not rule.conditions for rules in sections for rule in rules.deny_if)
    if denied or not all(held.approvers for held in waits):
        return ""
    return "Nothing is allowed without that." if waits else "What is left is allowed."


def _required(rule: Rule) -> str:
    words = conditions_words(rule.conditions)
    return f"Only if {words}." if words else "A rule that asks nothing."


def _denied(rule: Rule) -> str:
    words = conditions_words(rule.conditions, ANY)
    return f"Denied if {words}." if words else "Always denied."


def _held(rule: ApprovalRule) -> str:
    words = conditions_words(rule.conditions, ANY)
    condition = f" if {words}" if words else ""
    if not rule.approvers:
        return f"Denied{condition}, since the policy names nobody who could approve it."
    return f"Waits for a person{condition}: {approval_words(rule)}."


def _said(message: str) -> str:
    return f" It says: “{visible(message)}”" if message else ""


def _owner(entry: str | None) -> str:
    if entry is None:
        return "all tools together"
    return "all tools of this name together" if globs.STAR in entry else ""


def _where(entry: str | None, place: Rule | ApprovalRule | Limit) -> str:
    every = "for every tool, " if entry is None else ""
    return f" ({every}line {place.span.line})"
