"""Metrics from decision records: each becomes a count, written beside it in the log (EMF).

Dimensions are effect, server and the kind of rule, never a grant or a tool: those have no bound,
and each combination is paid for.
"""

from collections.abc import AsyncIterator
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit, single_metric

from handler.stores.cloudwatch import CloudWatchJournal


class MeasuredJournal:
    """The Journal port around a log. A metric that cannot be written stops the record too."""

    def __init__(self, journal: CloudWatchJournal) -> None:
        self._journal = journal

    async def append(self, record: dict[str, Any]) -> None:
        await self._journal.append(record)
        kind = record.get("record")
        if kind == "decided":
            count("decisions", effect=record["effect"], server=record["server"])
            if record["effect"] == "deny":
                count("denials", rule=rule_kind(record["place"]))
        elif kind == "held" and not record["joined"]:
            count("holds")

    async def note(self, record: dict[str, Any]) -> None:
        await self.append(record)

    def close(self) -> None:
        self._journal.close()

    async def recent(self, limit: int) -> list[dict[str, Any]]:
        return await self._journal.recent(limit)

    def between(self, start: float, end: float) -> AsyncIterator[dict[str, Any]]:
        return self._journal.between(start, end)


def count(name: str, **dimensions: str) -> None:
    """One more of something. Service and namespace come from the function's variables."""
    with single_metric(name=name, unit=MetricUnit.Count, value=1) as metric:
        for dimension, value in dimensions.items():
            metric.add_dimension(dimension, value)


def rule_kind(place: dict[str, Any] | None) -> str:
    """`deny_if` of `/tools/x/deny_if/args.amount-gt`; `(hidden)` and the like as they are."""
    rule = place["rule"] if place else ""
    parts = rule.split("/")
    return parts[-2] if len(parts) > 2 else rule or "none"
