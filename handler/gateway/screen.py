"""What an upstream may say to a client beside its responses: known, and allowed for the server.

Must not know streams. A question that does not pass is answered in the client's place, so that the
upstream does not wait for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import orjson

from compiler.frozen import dataclass
from handler.gateway import protocol
from handler.gateway.exchange import Arrived, Sender, unheard
from handler.gateway.methods import SERVER_NOTIFICATIONS, SERVER_REQUESTS, TOOLS_CHANGED
from handler.gateway.protocol import Message
from handler.gateway.server import Server


@dataclass(frozen=True, slots=True)
class Screen:
    """The screen before one client."""

    upstream: Sender
    server: Server
    message: Message
    """The client's request, in whose answer the upstream speaks."""
    head: Mapping[str, str]
    """The headers that it went on with; so does what is answered in its place."""
    asks: bool
    """Whether the client can be asked anything: it answers on a connection of its own."""
    changed: Callable[[], None] = unheard
    """Told when the upstream says that its tools are others now, whether or not that passes."""

    async def passes(self, event: Mapping[str, Any]) -> bool:
        """Whether a notification or a request of the upstream goes on to the client."""
        method = event["method"] if isinstance(event["method"], str) else ""
        if method == TOOLS_CHANGED:
            self.changed()
        if "id" not in event:
            family = SERVER_NOTIFICATIONS.get(method)
            known = method in SERVER_NOTIFICATIONS and self.message.head.takes_stream
            return known and (family is None or family in self.server.allow)
        if self.asks and SERVER_REQUESTS.get(method) in self.server.allow:
            return True
        await self._refuse(event["id"])
        return False

    def under(self, server: Server) -> "Screen":
        """The same, as the server is registered now."""
        return replace(self, server=server)

    async def _refuse(self, id: object) -> None:
        error = {"code": protocol.METHOD_NOT_FOUND, "message": "not available here"}
        refusal = {"jsonrpc": "2.0", "id": id, "error": error}
        answer = await self.upstream.send(self.server, self.head, orjson.dumps(refusal))
        if isinstance(answer, Arrived):
            answer.close()
