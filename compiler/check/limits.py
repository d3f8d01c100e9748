"""Limits that bound less than they seem to. Must not know tallies, nor when a window starts."""

from compiler.check.sections import Section
from compiler.diagnostics import Report, quote
from compiler.meaning import ONE
from compiler.policy import Limit
from compiler.verdict import Scope

SMALLEST_SHARD = 300
"""Calls: shards from this size on use nine tenths of a limit and more (docs/scale.md)."""


def check_totals(section: Section, report: Report) -> None:
    """`per` bounds each value; an agent that tries many values is bounded by a total only."""
    for limit in section.rules.limits:
        totals = (one for one in section.limits if not one.per)
        if limit.per and not any(one.increment_from == limit.increment_from for one in totals):
            paths = ", ".join(path.text for path in limit.per)
            message = f"{quote(limit.counter)} bounds each {paths}, and nothing bounds them all"
            report.add("W109", limit.span, message, "add a limit without `per` beside it")


def check_sessions(section: Section, report: Report) -> None:
    """An agent can open a new session and start again from zero."""
    wider = any(limit.scope is not Scope.SESSION for limit in section.limits)
    for limit in section.rules.limits:
        if limit.scope is Scope.SESSION and not wider:
            message = f"a new session starts {quote(limit.counter)} again from zero"
            report.add("W110", limit.span, message, 'add a limit with "scope": "grant" beside it')


def check_reach(section: Section, report: Report) -> None:
    """Counts of calls that another limit keeps below their maximum, or that admit no call."""
    for limit in section.rules.limits:
        if not _counts(limit) or limit.shards > 1:
            continue
        if limit.maximum < ONE:
            report.add("W111", limit.span, f"{quote(limit.counter)} admits no call at all")
        for other in section.limits:
            if other is not limit and _counts(other) and _keeps_below(other, limit):
                message = (
                    f"{quote(limit.counter)} is never reached, {quote(other.counter)} is first"
                )
                report.add("W111", limit.span, message, "remove one of the two, or lower this one")
                break


def _counts(limit: Limit) -> bool:
    """Whether it counts calls on a tally that no other entry shares."""
    return limit.increment_from is None and not limit.per and not limit.shared


def _keeps_below(other: Limit, limit: Limit) -> bool:
    """Whether a full `other` in each of its windows stays below `limit`, on the same scope.

    Only windows in seconds that divide: they start together. Of two equal limits the later one
    is never first.
    """
    inner, outer = other.window.name, limit.window.name
    if other.scope is not limit.scope or not (inner.isdigit() and outer.isdigit()):
        return inner == outer and other.scope is limit.scope and other.maximum < limit.maximum
    times, rest = divmod(int(outer), int(inner))
    if rest:
        return False
    most = other.maximum // ONE * times
    return most < limit.maximum // ONE or (most == limit.maximum // ONE and times > 1)


def check_shards(section: Section, report: Report) -> None:
    """Calls fall on shards by chance: a small one can be full long before all are."""
    for limit in section.rules.limits:
        calls = limit.maximum // ONE
        if limit.shards > 1 and calls < limit.shards * SMALLEST_SHARD:
            each = f"{calls // limit.shards} each"
            message = f"the {limit.shards} shards of {quote(limit.counter)} are small ({each})"
            enough = calls // SMALLEST_SHARD
            fewer = f"at most {enough} shards" if enough > 1 else "one tally without `shards`"
            advice = f"calls may be refused with a tenth of `max` left; {fewer} would use more"
            report.add("W114", limit.span, message, advice)


CHECKS = (check_totals, check_sessions, check_reach, check_shards)
