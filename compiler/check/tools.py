"""Entries as wholes: what nothing reaches, what allows nothing, what an exact name drops.

Must not know conditions.
"""

import re
from itertools import takewhile

from compiler import globs
from compiler.check.sections import Section, always
from compiler.diagnostics import Report, quote
from compiler.meaning import ONE
from compiler.policy import ApprovalRule, Default, Entry, Limit, Policy, Rule, Rules, Span

TOP = Span(1, 1)


def check_something_allowed(policy: Policy, report: Report) -> None:
    """Whether any tool at all can be called."""
    bare = policy.default is Default.DENY and not policy.tools
    if bare and policy.hide:
        advice = 'write "default": "allow", or list the tools that may be called under `tools`'
        report.add("W102", TOP, "hides tools under default deny, yet allows no others", advice)
        return
    closed = policy.hide == ("*",) or _admits_nothing(policy.all_tools)
    hidden = frozenset(policy.hide)
    entries = [one for one in policy.tools if one.name not in hidden]
    refused = all(_admits_nothing(entry.rules) for entry in entries)
    if bare or closed or (policy.default is Default.DENY and refused):
        advice = "list a tool under `tools` that is not always denied"
        report.add("W101", TOP, "no call can ever be allowed by this policy", advice)


def _admits_nothing(rules: Rules) -> bool:
    """Whether some rule refuses every call: always, for want of approvers, or of room."""
    return (
        always(rules.deny_if) is not None
        or any(not (one.conditions or one.approvers) for one in rules.approve_if)
        or any(one.increment_from is None and one.maximum < ONE for one in rules.limits)
    )


def check_hidden(policy: Policy, report: Report) -> None:
    """Rules of a tool that is hidden."""
    hidden = set(policy.hide)
    for entry in policy.tools:
        if entry.name in hidden:
            message = f"{quote(entry.name)} is hidden, so its entry is never reached"
            report.add("W103", entry.span, message, "remove it from `hide` or from `tools`")


SIGNS = re.compile(r"[?\[\]{}|^$\\]|^\s|\s$")
"""What patterns elsewhere are written with, or stray spaces. No tool should have them in its name
(Model Context Protocol, server/tools, "Tool Names")."""


def check_names(policy: Policy, report: Report) -> None:
    """Names that look like patterns: only `*` stands for anything."""
    for entry in policy.tools:
        found = SIGNS.search(entry.name)
        if found:
            message = f"{quote(found[0])} in {quote(entry.name)} stands for itself only"
            report.add("W116", entry.span, message, "`*` is any text, and nothing else is special")


def check_dropped(policy: Policy, report: Report) -> None:
    """An exact name that replaces a glob and leaves out some of its rules."""
    by_head: dict[str, list[Entry]] = {}
    for entry in policy.tools:
        if entry.is_glob:
            by_head.setdefault(entry.name.split(globs.STAR, 1)[0], []).append(entry)
    lengths = sorted({len(head) for head in by_head})
    for entry in policy.tools:
        if entry.is_glob:
            continue
        fitting = takewhile(len(entry.name).__ge__, lengths)
        near = [one for size in fitting for one in by_head.get(entry.name[:size], ())]
        for glob in near:
            if globs.matches(glob.name, entry.name) and _lacks(entry.rules, glob.rules):
                name = quote(entry.name)
                message = f"{name} replaces the glob {quote(glob.name)} and drops its restrictions"
                report.add("W108", entry.span, message, f"repeat in {name} what must hold there")


def _lacks(rules: Rules, wider: Rules) -> bool:
    pairs: tuple[tuple[tuple[Rule | ApprovalRule | Limit, ...], ...], ...] = (
        (rules.require, wider.require),
        (rules.deny_if, wider.deny_if),
        (rules.approve_if, wider.approve_if),
        (rules.limits, wider.limits),
    )
    return any(one not in mine for mine, theirs in pairs for one in theirs)


def check_after_always(section: Section, report: Report) -> None:
    """What stands after a rule that denies every call."""
    if always(section.everywhere.deny_if) is not None:
        return  # said once, of the whole policy
    rules = section.rules
    stop = always(rules.deny_if)
    if stop is None:
        return
    line = rules.deny_if[stop].span.line
    places = (
        *(rule.span for rule in rules.deny_if[stop + 1 :]),
        *(rule.span for rule in rules.approve_if),
        *(limit.span for limit in rules.limits),
    )
    for place in places:
        message = f"the rule on line {line} denies every call, so this is never reached"
        report.add("W103", place, message, "remove one of the two")


CHECKS = (check_something_allowed, check_hidden, check_names, check_dropped)
SECTION_CHECKS = (check_after_always,)
