"""What only the whole policy can show: names that clash, limits that disagree, caps.

Must not know nodes.
"""

from itertools import combinations

from compiler import globs
from compiler.diagnostics import Report, quote
from compiler.policy import ApprovalRule, Entry, Limit, Path, Policy, Rule
from compiler.verdict import Scope, Window

MOST_GLOBS = 1_000
"""Globs are compared pair by pair."""
MOST_REPEATED = 1_000_000
"""Rules and conditions of `all_tools`, counted for each tool: every entry carries them."""
MOST_LIMITS = 32
"""On one call: what one conditional write of the store takes."""


def check_agreement(policy: Policy, report: Report) -> None:
    """Report what parses by itself but cannot stand together."""
    _check_counts(policy, report)
    _check_counters(policy, report)
    _check_shared(policy, report)


def _check_counts(policy: Policy, report: Report) -> None:
    found = [entry for entry in policy.tools if entry.is_glob]
    if len(found) > MOST_GLOBS:
        message = f"a policy has at most {MOST_GLOBS} globs, this has {len(found)}"
        report.add("E041", found[MOST_GLOBS].span, message)
        return
    everywhere = policy.all_tools
    rules: list[Rule | ApprovalRule] = [*everywhere.require, *everywhere.deny_if]
    rules += everywhere.approve_if
    count = len(rules) + sum(len(rule.conditions) for rule in rules)
    if count * len(policy.tools) > MOST_REPEATED:
        message = f"{count} rules and conditions for each of {len(policy.tools)} tools are too many"
        advice = f"in all at most {MOST_REPEATED}; put fewer into `all_tools`"
        report.add("E041", rules[0].span, message, advice)
        return
    _check_globs(found, report)


def _check_globs(entries: list[Entry], report: Report) -> None:
    by_length: dict[int, list[Entry]] = {}
    for entry in entries:
        by_length.setdefault(globs.literal_length(entry.name), []).append(entry)
    for group in by_length.values():
        for first, second in combinations(group, 2):
            if globs.overlap(first.name, second.name):
                one, other = quote(first.name), quote(second.name)
                message = f"globs {one} and {other} can match one tool, and neither is closer"
                advice = "write more of one name, or an entry for the tools both match"
                report.add("E040", second.span, message, advice)


def _check_counters(policy: Policy, report: Report) -> None:
    everywhere = policy.all_tools.limits
    _check_unique(everywhere, report)
    shared = {limit.counter for limit in everywhere if limit.shared}
    if len(everywhere) > MOST_LIMITS:
        _too_many(len(everywhere), everywhere[MOST_LIMITS], report)
    for entry in policy.tools:
        _check_unique(entry.rules.limits, report)
        count = len(everywhere) + len(entry.rules.limits)
        if count > MOST_LIMITS and entry.rules.limits:
            _too_many(count, entry.rules.limits[-1], report)
        for limit in entry.rules.limits:
            if limit.shared and limit.counter in shared:
                message = f"the shared counter {quote(limit.counter)} is in `all_tools` already"
                advice = "leave it in one of the two, or a call would count twice"
                report.add("E030", limit.span, message, advice)


def _too_many(count: int, limit: Limit, report: Report) -> None:
    message = f"at most {MOST_LIMITS} limits apply to one call, here {count}"
    report.add("E033", limit.span, message)


def _check_unique(limits: tuple[Limit, ...], report: Report) -> None:
    seen: set[str] = set()
    for limit in limits:
        if limit.counter in seen:
            message = f"the counter {quote(limit.counter)} is named twice"
            report.add("E030", limit.span, message, "give each limit a counter of its own")
        seen.add(limit.counter)


Terms = tuple[Window, Scope, tuple[Path, ...], int, int]


def _check_shared(policy: Policy, report: Report) -> None:
    """Limits on one shared tally agree in window, scope, per, max and shards."""
    first: dict[str, tuple[Terms, Limit]] = {}
    for rules in (policy.all_tools, *(entry.rules for entry in policy.tools)):
        for limit in rules.limits:
            if not limit.shared:
                continue
            terms = (limit.window, limit.scope, limit.per, limit.maximum, limit.shards)
            agreed, where = first.setdefault(limit.counter, (terms, limit))
            if agreed != terms:
                message = f"the shared counter {quote(limit.counter)} has other terms elsewhere"
                names = "`window`, `scope`, `per`, `max` and `shards`"
                advice = f"{names} must be as on line {where.span.line}"
                report.add("E031", limit.span, message, advice)
