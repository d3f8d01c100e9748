"""Looking through decision records: which calls, and everything that was recorded about them.

Must not know where records are kept or how they are shown. No record holds an argument's value.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from handler.stores.base import Journal

Record = dict[str, Any]

OVERLAP = 15.0
"""Seconds by which each look goes back: a record may be seen later than others of its time."""

MOST_SEEN = 20_000
"""Records of the overlap that are remembered while following."""

LOOK_BACK = (600.0, 86_400.0, 7 * 86_400.0, 90 * 86_400.0)
"""Seconds: how far back the newest records are looked for, nearest first."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which calls to show. None leaves something open; texts may hold `*`."""

    grant: str | None = None
    """A label or an id."""
    server: str | None = None
    tool: str | None = None
    effect: str | None = None
    rule: str | None = None
    call: str | None = None
    trace: str | None = None

    def admits(self, decided: Record) -> bool:
        """Whether the record of a decision is of such a call."""
        rule = (decided["place"] or {}).get("rule", "")
        facts = (
            (self.grant, (decided["label"], decided["grant"])),
            (self.server, (decided["server"],)),
            (self.tool, (decided["tool"],)),
            (self.effect, (decided["effect"],)),
            (self.rule, (rule,)),
            (self.call, (decided["call"],)),
            (self.trace, (decided.get("trace", ""),)),
        )
        return all(
            wanted is None or any(fnmatchcase(fact, wanted) for fact in there)
            for wanted, there in facts
        )


@dataclass
class Selection:
    """Picks records: decisions that the query admits, and what became of those calls."""

    query: Query
    _open: set[str] = field(default_factory=set)

    def takes(self, record: Record) -> bool:
        call = record["call"]
        if record["record"] == "decided":
            if not self.query.admits(record):
                return False
            self._open.add(call)
            return True
        taken = call in self._open
        if record["record"] == "ended":
            self._open.discard(call)
        return taken


async def search(journal: Journal, query: Query, start: float, end: float) -> AsyncIterator[Record]:
    """What was recorded in that time about the calls that the query admits."""
    selection = Selection(query)
    async for record in journal.between(start, end):
        if selection.takes(record):
            yield record


@dataclass
class Follower:
    """Looks at a journal again and again, and shows each record once."""

    journal: Journal
    query: Query
    since: float
    _seen: dict[int, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._selection = Selection(self.query)

    async def look(self, now: float) -> list[Record]:
        """The records that came since the last look, or since the start."""
        fresh = [
            record
            async for record in self.journal.between(self.since - OVERLAP, now + OVERLAP)
            if self._is_new(record)
        ]
        self.since = now
        return [record for record in fresh if self._selection.takes(record)]

    def _is_new(self, record: Record) -> bool:
        key = hash(json.dumps(record, sort_keys=True))
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > MOST_SEEN:
            del self._seen[next(iter(self._seen))]
        return True


async def latest(
    journal: Journal, query: Query, count: int, now: float
) -> tuple[list[Record], Follower]:
    """The last `count` records that the query admits, and the follower that goes on from there."""
    for seconds in LOOK_BACK:
        follower = Follower(journal, query, now - seconds)
        found = await follower.look(now)
        if len(found) >= count:
            break
    return found[len(found) - count :] if count < len(found) else found, follower
