"""Metrics as lines of the log (EMF): counts from decision records, and what a meter is told.

Dimensions are effect, server and the kind of rule, never a grant or a tool: those have no bound,
and each combination is paid for. docs/operate-aws.md says what each metric is for.
"""

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit, single_metric

from handler.stores.cloudwatch import CloudWatchJournal


class Metric(StrEnum):
    """Every metric's name in CloudWatch. Each also has the dimension `service`."""

    DECISIONS = "decisions"
    DENIALS = "denials"
    HOLDS = "holds"
    DECISION_TIME = "decision_time"
    STORE_UNAVAILABLE = "store_unavailable"
    UNDELIVERED_MAIL = "undelivered_mail"


class MeasuredJournal:
    """The Journal port around a log. A metric that cannot be written stops the record too."""

    def __init__(self, journal: CloudWatchJournal) -> None:
        self._journal = journal

    async def append(self, record: dict[str, Any]) -> None:
        await self._journal.append(record)
        kind = record.get("record")
        if kind == "decided":
            count(Metric.DECISIONS, effect=record["effect"], server=record["server"])
            if record["effect"] == "deny":
                count(Metric.DENIALS, rule=rule_kind(record["place"]))
        elif kind == "held" and not record["joined"]:
            count(Metric.HOLDS)

    async def note(self, record: dict[str, Any]) -> None:
        await self.append(record)

    def close(self) -> None:
        self._journal.close()

    async def recent(self, limit: int) -> list[dict[str, Any]]:
        return await self._journal.recent(limit)

    def between(self, start: float, end: float) -> AsyncIterator[dict[str, Any]]:
        return self._journal.between(start, end)


class EmfMeter:
    """The gateway's Meter."""

    def judged(self, seconds: float) -> None:
        measure(Metric.DECISION_TIME, MetricUnit.Milliseconds, round(seconds * 1000, 1))

    def unavailable(self) -> None:
        count(Metric.STORE_UNAVAILABLE)


def count(name: Metric, **dimensions: str) -> None:
    """One more of something."""
    measure(name, MetricUnit.Count, 1, **dimensions)


def measure(name: Metric, unit: MetricUnit, value: float, **dimensions: str) -> None:
    """One line of the log. Service and namespace come from the function's variables."""
    with single_metric(name=name.value, unit=unit, value=value) as metric:
        for dimension, text in dimensions.items():
            metric.add_dimension(dimension, text)


def rule_kind(place: dict[str, Any] | None) -> str:
    """`deny_if` of `/tools/x/deny_if/args.amount-gt`; `(hidden)` and the like as they are."""
    rule = place["rule"] if place else ""
    parts = rule.split("/")
    return parts[-2] if len(parts) > 2 else rule or "none"
