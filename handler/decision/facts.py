"""What paths read when they start at more than the arguments: the three roots by their names.

Must not know paths or rules.
"""

from compiler.policy import Root
from compiler.verdict import Call, Subject
from handler.decision.answers import Object

HOUR, DAY = 3600, 86400
EPOCH_WEEKDAY = 3
"""The epoch was a Thursday, three days after a Monday."""


def facts_of(call: Call, subject: Subject, now: float) -> Object:
    """The roots of one call; `now` in POSIX seconds."""
    return {
        Root.ARGS.value: dict(call.arguments),
        Root.GRANT.value: {"label": subject.label, "tags": list(subject.tags)},
        Root.TIME.value: _time(now),
    }


def _time(now: float) -> Object:
    """UTC: the hour from 0 to 23, the weekday from 1 for Monday to 7 (ISO 8601)."""
    days, seconds = divmod(int(now // 1), DAY)
    return {"hour": seconds // HOUR, "weekday": (days + EPOCH_WEEKDAY) % 7 + 1}
