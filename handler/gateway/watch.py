"""Watches what a server says its tools are: in every list that passes, and before a call is let go.

Must not know policies. What is current is what a list last said, to any agent, through any process
of the gateway; where that is older than `FRESH_SECONDS`, a list of the gateway's own is fetched.
So long a process may let calls go on by the catalog it saw last, without asking the store again;
it refuses only on what it read for this very call.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress

from handler.clock import Clock
from handler.gateway import catalog as lists
from handler.gateway import definitions, revisions
from handler.gateway.answers import Reply
from handler.gateway.definitions import Catalog, Pin, Standing
from handler.gateway.exchange import Sender
from handler.gateway.own import own_request
from handler.gateway.relay import Answered, End, Request, exact, relay
from handler.gateway.server import Drift, Server
from handler.stores.base import Definitions, StoreUnavailable

log = logging.getLogger(__name__)

FRESH_SECONDS = 60.0
"""How old the list may be that a gated call is checked against."""

FETCH_SECONDS = 2.0
"""How long a list of our own may take: the call's decision waits for it."""

MOST_PAGES = 32
MOST_TOOLS = 2_048
ATTEMPTS = 4

SENTENCES = {
    Standing.CHANGED: "the server changed what the tool `{tool}` is since an operator accepted it",
    Standing.NEW: "the tool `{tool}` is new on the server and no operator has accepted it",
    Standing.GONE: "the server does not list the tool `{tool}` any more",
}

ENDINGS = {
    Drift.HOLD: "; its calls wait until an operator accepts it.",
    Drift.DENY: ", so its calls are denied.",
}


class Watch:
    """The definitions of every server's tools."""

    def __init__(self, store: Definitions, upstream: Sender, clock: Clock) -> None:
        self._store, self._upstream, self._clock = store, upstream, clock
        self._fetching: dict[str, asyncio.Lock] = {}
        self._seen: dict[str, Catalog] = {}
        """By server, as last read or written here; there are no more than servers."""

    async def note(
        self, server: Server, seen: Mapping[str, str], *, whole: bool
    ) -> tuple[Pin, ...]:
        """Take in a list that passed; the drifted tools. `whole` where it was no page of several.

        Raises `StoreUnavailable`. A page alone starts no catalog: what it leaves out is not new.
        """
        if server.drift is Drift.ALLOW:
            return ()
        for _ in range(ATTEMPTS):
            before = await self._read(server)
            if before is None and not whole:
                return ()
            after = self._after(before, server, seen, whole)
            if after is None or await self._store.replace(before, after):
                _warn(server, before, after)
                known = after or before
                if known is None:
                    return ()
                self._remember(known)
                return known.drifted
        raise StoreUnavailable("the definitions keep changing")

    async def refusal(self, server: Server, tool: str, session: str | None) -> str | None:
        """Why a call of the tool may not go on, or None. Raises `StoreUnavailable`."""
        if not server.drift.gates:
            return None
        if _standing(self._remembered(server), tool) is Standing.SAME:
            return None
        catalog = await self._fresh(server, session)
        if catalog is None:
            return (
                f"what the tool `{tool}` is could not be checked with the server; try again later."
            )
        standing = _standing(catalog, tool)
        if standing is Standing.SAME:
            return None
        return SENTENCES[standing].format(tool=tool[:64]) + ENDINGS[server.drift]

    async def _fresh(self, server: Server, session: str | None) -> Catalog | None:
        """The catalog as of a minute ago at most, or None where it cannot be had."""
        if (known := await self._known(server)) is not None:
            return known
        async with self._fetching.setdefault(server.name, asyncio.Lock()):
            if (known := await self._known(server)) is not None:
                return known
            seen = None
            with suppress(TimeoutError):
                async with asyncio.timeout(FETCH_SECONDS):
                    seen = await self._fetch(server, session)
            if seen is None:
                return None
            await self.note(server, seen, whole=True)
            return await self._read(server)

    async def _known(self, server: Server) -> Catalog | None:
        """The stored catalog, where it is fresh."""
        return self._if_fresh(await self._read(server))

    def _remembered(self, server: Server) -> Catalog | None:
        """The catalog as last seen here, where its list is fresh."""
        return self._if_fresh(self._seen.get(server.name))

    def _if_fresh(self, catalog: Catalog | None) -> Catalog | None:
        fresh = catalog and 0 <= self._clock.now() - catalog.listed_at < FRESH_SECONDS
        return catalog if fresh else None

    async def _read(self, server: Server) -> Catalog | None:
        """The stored catalog, remembered."""
        catalog = await self._store.catalog(server.name)
        if catalog is None:
            self._seen.pop(server.name, None)
        else:
            self._remember(catalog)
        return catalog

    def _remember(self, catalog: Catalog) -> None:
        """Keep it, unless what is kept is newer: reads and lists may overtake each other.

        A catalog that was begun anew has a lower version, and a later list.
        """
        seen = self._seen.get(catalog.server)
        if seen is None or catalog.version > seen.version or catalog.listed_at > seen.listed_at:
            self._seen[catalog.server] = catalog

    async def _fetch(self, server: Server, session: str | None) -> dict[str, str] | None:
        """The whole list, asked for by us: in the agent's session, or in any era without one."""
        legacy, modern = revisions.NEWEST_LEGACY, revisions.MODERN[-1]
        versions = (modern, legacy) if session is None else (legacy,)
        for version in versions:
            with suppress(ValueError, lists.Unreadable):
                if (seen := await self._pages(server, version, session)) is not None:
                    return seen
        return None

    async def _pages(
        self, server: Server, version: str, session: str | None
    ) -> dict[str, str] | None:
        seen: dict[str, str] = {}
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            end = await self._page(server, version, session, cursor)
            if not isinstance(end, Answered) or "result" not in end.body:
                return None
            result = exact(end.raw)["result"]
            seen |= definitions.texts(lists.tools(result))
            cursor = result.get("nextCursor")
            if not isinstance(cursor, str):
                return seen
            if len(seen) > MOST_TOOLS:
                return None
        return None

    async def _page(
        self, server: Server, version: str, session: str | None, cursor: str | None
    ) -> End:
        """The end of one exchange; nothing of it goes to an agent."""
        ends: list[End] = []

        async def finish(end: End) -> Reply:
            ends.append(end)
            return Reply(202)

        message, body = own_request(
            version, "tools/list", "holdpoint-list", {} if cursor is None else {"cursor": cursor}
        )
        await relay(self._upstream, Request(server, message, body, session, False), finish)
        return ends[0]

    def _after(
        self, before: Catalog | None, server: Server, seen: Mapping[str, str], whole: bool
    ) -> Catalog | None:
        """The catalog to store, or None where the stored one says as much."""
        now = self._clock.now()
        if before is None:
            return definitions.first(server.name, seen, now)
        after = definitions.noted(before, seen, whole=whole, now=now)
        aged = server.drift.gates and whole and now - before.listed_at >= FRESH_SECONDS / 2
        return after if aged or after.pins != before.pins else None


def _standing(catalog: Catalog | None, tool: str) -> Standing:
    pin = catalog.pin(tool) if catalog else None
    return pin.standing if pin else Standing.NEW


def _warn(server: Server, before: Catalog | None, after: Catalog | None) -> None:
    """Tell the operator of each drift once: when the catalog takes it in."""
    if before is None or after is None:
        return
    for pin in after.drifted:
        if pin != before.pin(pin.tool):
            log.warning(
                "the tool %r of the server %s is %s; see `holdpoint drift list`",
                pin.tool[:64],
                server.name,
                pin.standing,
            )
