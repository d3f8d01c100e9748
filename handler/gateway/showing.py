"""What an agent is shown of a server's tools, when a list of them passes.

Must not know HTTP or how the list came. What the tools are is taken in on the way.
"""

import logging
from collections.abc import Mapping
from typing import Any

from handler.gateway import answers, catalog, definitions
from handler.gateway.admission import Seen, within
from handler.gateway.answers import Reply
from handler.gateway.bounds import Bounds
from handler.gateway.decide import Decider
from handler.gateway.protocol import Message
from handler.gateway.server import Drift, Server
from handler.stores.base import StoreUnavailable

log = logging.getLogger(__name__)


class Showing:
    """Filters lists by the policy in force. Every method may raise `StoreUnavailable`."""

    def __init__(self, decider: Decider, bounds: Bounds) -> None:
        self._decider, self._bounds = decider, bounds

    async def listed(self, message: Message, seen: Seen, result: Mapping[str, Any]) -> Reply:
        """The list without what the grant's policy hides. Raises `Unreadable`."""
        server = seen.server
        engine = await within(self._bounds.store_seconds, self._decider.engine(seen.grant, server))
        hides = engine.hides if engine is not None else _hides_nothing
        drifted = await self._noted(message, server, result)
        page = catalog.listed(
            result,
            lambda name: name in drifted or hides(name),
            message.modern,
            engine.narrowed if engine is not None and server.narrow else None,
        )
        return answers.result(message, page)

    async def _noted(
        self, message: Message, server: Server, result: Mapping[str, Any]
    ) -> frozenset[str]:
        """Take in what the list says the tools are; the names of those that are denied for it."""
        if self._decider.watch is None:
            return frozenset()
        whole = "cursor" not in message.params and result.get("nextCursor") is None
        seen = definitions.texts(catalog.tools(result))
        try:
            noting = self._decider.watch.note(server, seen, whole=whole)
            drifted = await within(self._bounds.store_seconds, noting)
        except StoreUnavailable as error:
            log.warning("the tools of %s could not be noted: %s", server.name, error)
            return frozenset()
        if server.drift is not Drift.DENY:
            return frozenset()
        return frozenset(pin.tool for pin in drifted)


def _hides_nothing(tool: str) -> bool:
    return False
