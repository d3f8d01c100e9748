"""The conversation with one program: which of its lines belongs to which request.

Must not know policies or how a program is started again.
"""

import itertools
import json
import logging
from collections.abc import Mapping
from typing import Any

from compiler.values import Value
from handler.decision import arguments
from handler.gateway import protocol
from handler.gateway.methods import LISTENED
from handler.gateway.revisions import SUBSCRIPTION_KEY
from handler.stdio.child import Child
from handler.stdio.exchange import Exchange, meta, numbered
from handler.stdio.feed import Feed

log = logging.getLogger(__name__)


class Listener(Feed):
    """The agent of a session, while it listens to what belongs to no request."""

    def __init__(self, peer: "Peer") -> None:
        super().__init__(None)
        self._peer = peer

    def close(self) -> None:
        self._peer.unheard(self)


class Peer:
    """A program that speaks MCP. `private`: only one agent's requests go to it.

    What a program says without naming a request, it says to the one agent it has; to several it is
    said to nobody, since it may be about any of them.
    """

    def __init__(self, private: bool, patience: float) -> None:
        self.private, self.patience = private, patience
        self.modern = False
        """Whether it has answered a modern request with a result."""
        self.alive = True
        self.ending = False
        """Whether it was told to end."""
        self.child: Child | None = None
        self.coming = 0
        """Messages that were given this program and are not written yet."""
        self._listener: Listener | None = None
        self._numbers = itertools.count(1)
        self._open: dict[int, Exchange] = {}

    @property
    def idle(self) -> bool:
        """Whether it owes nobody an answer."""
        return not self._open and not self.coming

    async def ask(self, body: dict[str, Value], *, standing: bool = False) -> Exchange:
        """Send a request, whose answer may take for ever where it is `standing`.

        Raises OSError where the program is gone.
        """
        number = next(self._numbers)
        exchange = Exchange(number, body, None if standing else self.patience, self.forget)
        self._open[number] = exchange
        try:
            await self._write(numbered(body, number))
        except BaseException:
            self._open.pop(number, None)
            raise
        return exchange

    async def tell(self, body: dict[str, Value]) -> None:
        """Send a notification or a reply. Raises OSError where the program is gone."""
        if body.get("method") != "notifications/cancelled":
            await self._write(body)
        elif self.private:
            self._cancel(body)

    def listen(self) -> Listener:
        """Hear what belongs to no request. Whoever listened before hears nothing any more."""
        if self._listener is not None:
            self._listener.breaks()
        self._listener = Listener(self)
        return self._listener

    def unheard(self, listener: Listener) -> None:
        if self._listener is listener:
            self._listener = None

    def forget(self, exchange: Exchange) -> None:
        """The agent does not wait any more: the program need not work on."""
        if self._open.pop(exchange.number, None) is not None and exchange.unfinished:
            self._post_cancelled(exchange.number)

    def hear(self, line: bytes) -> None:
        """One line of the program's."""
        try:
            text = line.decode()
            event = json.loads(text)
        except (ValueError, RecursionError):
            event = None
        if not isinstance(event, dict):
            log.warning("a line that a command wrote is not a JSON-RPC message; it is left out")
        elif "method" not in event:
            self._answered(event, text)
        elif "id" in event:
            self._asked(event, text)
        else:
            self._noticed(event, text)

    def gone(self) -> None:
        """The program will say nothing any more."""
        self.alive = False
        for exchange in self._open.values():
            exchange.breaks()
        if self._listener is not None:
            self._listener.breaks()

    def _answered(self, event: dict[str, Any], text: str) -> None:
        id = event.get("id")
        exchange = self._open.pop(id, None) if type(id) is int else None
        if exchange is None:
            return
        self.modern = self.modern or (exchange.modern and "result" in event)
        try:
            exchange.answer(text)
        except ValueError:
            exchange.breaks()

    def _asked(self, event: dict[str, Any], text: str) -> None:
        """A request of the program's goes to the agent in whose call it was made."""
        if (agent := self._agent()) is not None:
            agent.notice(text)
        elif self.child is not None:
            error = {"code": protocol.METHOD_NOT_FOUND, "message": "not available here"}
            refusal = {"jsonrpc": "2.0", "id": event["id"], "error": error}
            self.child.post(json.dumps(refusal).encode() + b"\n")

    def _noticed(self, event: dict[str, Any], text: str) -> None:
        params = event.get("params")
        if event["method"] == "notifications/progress" and isinstance(params, dict):
            token = params.get("progressToken")
            exchange = self._open.get(token) if type(token) is int else None
            if exchange is not None:
                exchange.progress(event)
        elif (subscribed := self._subscribed(event)) is not None:
            subscribed.notice(text)
        elif event["method"] in LISTENED.values() and self._listener is not None:
            self._listener.notice(text)
        elif (agent := self._agent()) is not None:
            agent.notice(text)

    def _agent(self) -> Feed | None:
        """The one agent of this program: in its call, or listening."""
        if not self.private:
            return None
        return next(iter(self._open.values()), self._listener)

    def _subscribed(self, event: Mapping[str, Any]) -> Exchange | None:
        """The subscription that a notification names; it had our id at the program."""
        number = meta(event).get(SUBSCRIPTION_KEY)
        return self._open.get(number) if type(number) is int else None

    def _cancel(self, body: dict[str, Value]) -> None:
        params = body.get("params")
        wanted = params.get("requestId") if isinstance(params, dict) else None
        for exchange in self._open.values():
            if exchange.is_of(wanted):
                self._post_cancelled(exchange.number)

    def _post_cancelled(self, number: int) -> None:
        if self.child is None or not self.alive:
            return
        params = {"requestId": number}
        whole = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}
        self.child.post(json.dumps(whole).encode() + b"\n")

    async def _write(self, body: Mapping[str, Value]) -> None:
        assert self.child is not None
        await self.child.write(arguments.write(dict(body)) + b"\n")
