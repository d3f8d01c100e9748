"""Sends an approved call to its upstream, as a client that can do nothing but call.

Implements the approvals' `Executor`. It declares no capabilities, speaks the original request's
era, and sends the call once; only an upstream's own state-only `input_required` is followed.
"""

from collections.abc import Mapping
from dataclasses import replace

from compiler.values import Value
from handler.approvals.model import Approval
from handler.approvals.ports import Execution, Sent
from handler.gateway import answers, forward, mirror
from handler.gateway.exchange import Arrived, Lost, NeverReached, Sender
from handler.gateway.own import CLIENT, own_message
from handler.gateway.protocol import Kind, Message
from handler.gateway.relay import Answered, End, Request, Unusable, ended, exact
from handler.gateway.revisions import MODERN
from handler.gateway.server import Server, Sessions
from handler.gateway.watch import Watch
from handler.stores.base import Registry
from handler.trace import Trace, stored

MOST_LEGS = 10

NEEDS_INPUT = Execution(Sent.FAILED, detail="It needs input that nobody is there to give.")
SESSION_OVER = Execution(
    Sent.FAILED, detail="The agent's session with the service is over, so it was not run."
)


class UpstreamExecutor:
    """Executes approved calls over the same client that forwards allowed ones."""

    def __init__(self, registry: Registry, upstream: Sender, watch: Watch) -> None:
        """`watch` knows which arguments a tool's schema repeats in headers."""
        self._registry, self._upstream, self._watch = registry, upstream, watch

    async def execute(self, approval: Approval, arguments: Mapping[str, Value]) -> Execution:
        """Make the call once. Raises only before anything was sent."""
        server = await self._registry.server(approval.server)
        if server is None:
            return Execution(Sent.NEVER_REACHED, detail="Its server is no longer registered.")
        mirrored = await self._mirrored(server, approval, arguments)
        call, trace = _call(approval, arguments, mirrored), stored(approval.origin.trace)
        end = await self._send(server, call, approval.origin.session, trace)
        if _session_over(end, approval):
            if server.sessions is not Sessions.INTERCHANGEABLE:
                return SESSION_OVER
            session = await self._open_session(server, approval)
            if not isinstance(session, str):
                return _unsent(session)
            end = await self._send(server, call, session, trace)
        return await self._followed(server, approval, call, end)

    async def _mirrored(
        self, server: Server, approval: Approval, arguments: Mapping[str, Value]
    ) -> dict[str, str]:
        """The headers that repeat arguments, as every modern client must send them."""
        if approval.origin.protocol_version not in MODERN:
            return {}
        return mirror.headers(await self._watch.definition_now(server, approval.tool), arguments)

    async def _followed(
        self, server: Server, approval: Approval, call: Message, end: End
    ) -> Execution:
        """Bring an upstream back its own state until it gives a result."""
        for _ in range(MOST_LEGS):
            state = _state(end)
            if state is None:
                return _execution(end)
            again = replace(call, params={**call.params, "requestState": state})
            end = await self._send(server, again, None, stored(approval.origin.trace))
            if isinstance(end, NeverReached):
                return Execution(Sent.LOST)
        return NEEDS_INPUT

    async def _send(
        self, server: Server, message: Message, session: str | None, trace: Trace | None
    ) -> End:
        """The end of one exchange; nothing of it goes to an agent."""
        body = forward.body(message, allow=(), trace=trace)
        return await ended(self._upstream, Request(server, message, body, session, False, trace))

    async def _open_session(self, server: Server, approval: Approval) -> str | End:
        """A session of our own at the upstream, or why there is none."""
        opening = _initialize(approval.origin.protocol_version)
        end = await self._send(server, opening, None, None)
        if not isinstance(end, Answered) or "error" in end.body or end.session is None:
            return end
        told = _notified(approval.origin.protocol_version)
        headers = forward.head(told, end.session)
        sent = await self._upstream.send(server, headers, forward.body(told, allow=()))
        if isinstance(sent, Arrived):
            sent.close()
        return end.session


def _call(
    approval: Approval, arguments: Mapping[str, Value], mirrored: Mapping[str, str]
) -> Message:
    params: dict[str, Value] = {"name": approval.tool, "arguments": dict(arguments)}
    version, id = approval.origin.protocol_version, f"holdpoint-{approval.id}"
    return own_message(Kind.REQUEST, version, "tools/call", id, params, mirrored)


def _initialize(version: str) -> Message:
    params: dict[str, Value] = {
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": CLIENT,
    }
    return own_message(Kind.REQUEST, version, "initialize", "holdpoint-initialize", params)


def _notified(version: str) -> Message:
    return own_message(Kind.NOTIFICATION, version, "notifications/initialized", None, {})


def _session_over(end: End, approval: Approval) -> bool:
    had_one = approval.origin.session is not None
    return had_one and isinstance(end, Answered | Unusable) and end.status == 404


def _state(end: End) -> str | None:
    """The upstream's state, where that is all it asks to have back."""
    if not isinstance(end, Answered) or "result" not in end.body:
        return None
    result = end.body["result"]
    asked = result.get("resultType") == answers.INPUT_REQUIRED and not result.get("inputRequests")
    state = result.get("requestState")
    return state if asked and isinstance(state, str) else None


def _unsent(end: End) -> Execution:
    """Why no session could be opened. The call itself was never sent."""
    if isinstance(end, NeverReached):
        return Execution(Sent.NEVER_REACHED, detail=f"The service was not reached: {end.reason}.")
    return Execution(Sent.FAILED, detail="No new session could be opened, so it was not run.")


def _execution(end: End) -> Execution:
    if isinstance(end, NeverReached):
        return Execution(Sent.NEVER_REACHED, detail=f"The service was not reached: {end.reason}.")
    if isinstance(end, Lost):
        return Execution(Sent.LOST)
    if isinstance(end, Unusable):
        return Execution(Sent.FAILED, detail=f"Its answer could not be used: {end.reason}.")
    if "error" in end.body:
        return Execution(Sent.FAILED, detail="The service answered with an error.")
    try:
        result = exact(end.raw)["result"]
    except ValueError:
        return Execution(Sent.FAILED, detail="Its answer could not be read.")
    kind = result.get("resultType", answers.COMPLETE)
    return Execution(Sent.FINISHED, result) if kind == answers.COMPLETE else NEEDS_INPUT
