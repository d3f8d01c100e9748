"""The objects that paths start from: the arguments, the grant and the time.

Must not know paths or rules.
"""

from collections.abc import Sequence

from compiler.policy import Root
from compiler.verdict import Subject
from handler.decision.operators import Object

ROOTS = tuple(Root)
"""The order in which the objects stand."""

ARGS = ROOTS.index(Root.ARGS)

Roots = Sequence[Object]

HOUR, DAY = 3600, 86400
EPOCH_WEEKDAY = 3
"""The epoch was a Thursday, three days after a Monday."""


def roots_of(arguments: Object, subject: Subject, now: float) -> Roots:
    """The objects for one call; `now` in POSIX seconds."""
    return arguments, _grant(subject), _time(now)


def _grant(subject: Subject) -> Object:
    return {"label": subject.label, "tags": list(subject.tags)}


def _time(now: float) -> Object:
    """UTC: the hour from 0 to 23, the weekday from 1 for Monday to 7 (ISO 8601)."""
    days, seconds = divmod(int(now // 1), DAY)
    return {"hour": seconds // HOUR, "weekday": (days + EPOCH_WEEKDAY) % 7 + 1}
