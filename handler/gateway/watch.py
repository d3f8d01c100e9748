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
from handler.gateway import definitions
from handler.gateway.definitions import Catalog, Pin, Standing
from handler.gateway.exchange import Sender
from handler.gateway.server import Drift, Server
from handler.stores.base import Definitions, StoreUnavailable

log = logging.getLogger(__name__)

FRESH_SECONDS = 60.0
"""How old the list may be that a gated call is checked against."""

FETCH_SECONDS = 2.0
"""How long a list of our own may take: the call's decision waits for it."""

LOOK_SECONDS = 1.0
"""How often a server's list is fetched at most because it says that it changed."""

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
        self._changed: dict[str, float] = {}
        self._looked: dict[str, float] = {}
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

    def changed(self, server: Server) -> None:
        """The server says that its tools are others now: what was listed before is no longer so."""
        self._changed[server.name] = self._clock.now()

    async def look(self, server: Server, session: str | None) -> None:
        """Take in what the tools are now, so that an operator hears of a change whoever asks.

        A server that tells of many changes is looked at once in a while; calls of a gated tool
        are checked against a newer list all the same.
        """
        now = self._clock.now()
        if server.drift is Drift.ALLOW or now - self._looked.get(server.name, 0) < LOOK_SECONDS:
            return
        self._looked[server.name] = now
        try:
            await self._fresh(server, session)
        except StoreUnavailable as error:
            log.warning("the tools of %s could not be noted: %s", server.name, error)

    async def definition(self, server: str, tool: str) -> str | None:
        """What a list last said the tool is, or None where none did. Raises `StoreUnavailable`."""
        return _current(await self._store.catalog(server), tool)

    async def definition_now(self, server: Server, tool: str) -> str | None:
        """The same, asked of the server where no list of it was ever seen."""
        with suppress(StoreUnavailable, TimeoutError):
            kept = server.drift is not Drift.ALLOW and await self._store.catalog(server.name)
            if kept:
                return _current(kept, tool)
            async with asyncio.timeout(FETCH_SECONDS):
                return (await self._listed(server, None) or {}).get(tool)
        return None

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
                    seen = await self._listed(server, session)
            if seen is None:
                return None
            await self.note(server, seen, whole=True)
            return await self._read(server)

    async def _listed(self, server: Server, session: str | None) -> dict[str, str] | None:
        from handler.gateway.listing import own_list  # most calls go by a list that passed

        return await own_list(self._upstream, server, session)

    async def _known(self, server: Server) -> Catalog | None:
        """The stored catalog, where it is fresh."""
        return self._if_fresh(await self._read(server))

    def _remembered(self, server: Server) -> Catalog | None:
        """The catalog as last seen here, where its list is fresh."""
        return self._if_fresh(self._seen.get(server.name))

    def _if_fresh(self, catalog: Catalog | None) -> Catalog | None:
        if catalog is None or self._is_outdated(catalog):
            return None
        return catalog if 0 <= self._clock.now() - catalog.listed_at < FRESH_SECONDS else None

    def _is_outdated(self, catalog: Catalog) -> bool:
        """Whether the server said since that its tools are others."""
        return catalog.listed_at <= self._changed.get(catalog.server, 0)

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

    def _after(
        self, before: Catalog | None, server: Server, seen: Mapping[str, str], whole: bool
    ) -> Catalog | None:
        """The catalog to store, or None where the stored one says as much."""
        now = self._clock.now()
        if before is None:
            return definitions.first(server.name, seen, now)
        after = definitions.noted(before, seen, whole=whole, now=now)
        aged = now - before.listed_at >= FRESH_SECONDS / 2 or self._is_outdated(before)
        newer = server.drift.gates and whole and aged
        return after if newer or after.pins != before.pins else None


def _current(catalog: Catalog | None, tool: str) -> str | None:
    pin = catalog.pin(tool) if catalog else None
    return pin.current if pin else None


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
