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

HELD = "require_approval"
"""The effect of every call that an approval's end is told of."""

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

    def admits(self, told: Record) -> bool:
        """Whether a record that tells of its call by itself is of such a call."""
        facts = (
            (self.grant, (told["label"], told["grant"])),
            (self.server, (told["server"],)),
            (self.tool, (told["tool"],)),
            (self.effect, (told.get("effect", HELD),)),
            (self.rule, ((told.get("place") or {}).get("rule", ""),)),
            (self.call, (told["call"],)),
            (self.trace, (told.get("trace", ""),)),
        )
        return all(
            wanted is None or any(fnmatchcase(fact, wanted) for fact in there)
            for wanted, there in facts
        )


@dataclass
class Selection:
    """Picks records: decisions that the query admits, and what became of those calls.

    The end of a held call may come days after its decision, and is told twice where whoever
    recorded it was asked twice: it is found by itself, and shown once.
    """

    query: Query
    _open: set[str] = field(default_factory=set)
    _ended: set[tuple[str, str]] = field(default_factory=set)

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
            if "approval" in record:
                return self._is_news(record) and (taken or self.query.admits(record))
        return taken

    def _is_news(self, ended: Record) -> bool:
        end = (ended["approval"], ended["outcome"])
        known = end in self._ended
        self._ended.add(end)
        return not known


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
