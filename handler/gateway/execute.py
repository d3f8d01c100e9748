"""Sends an approved call to its upstream, as a client that can do nothing but call.

Implements the approvals' `Executor`. It declares no capabilities, speaks the original request's
era, and sends the call once; only an upstream's own state-only `input_required` is followed.
"""

from collections.abc import Mapping

from compiler.values import Value
from handler.approvals.model import Approval
from handler.approvals.ports import Execution, Sent
from handler.gateway import answers, forward
from handler.gateway.answers import Reply
from handler.gateway.exchange import Arrived, Lost, NeverReached, Sender
from handler.gateway.own import CLIENT, own_message
from handler.gateway.protocol import Kind, Message
from handler.gateway.relay import Answered, End, Request, Unusable, exact, relay
from handler.gateway.server import Server, Sessions
from handler.stores.base import Registry
from handler.trace import Trace, stored

MOST_LEGS = 10

NEEDS_INPUT = Execution(Sent.FAILED, detail="It needs input that nobody is there to give.")
SESSION_OVER = Execution(
    Sent.FAILED, detail="The agent's session with the service is over, so it was not run."
)


class UpstreamExecutor:
    """Executes approved calls over the same client that forwards allowed ones."""

    def __init__(self, registry: Registry, upstream: Sender) -> None:
        self._registry, self._upstream = registry, upstream

    async def execute(self, approval: Approval, arguments: Mapping[str, Value]) -> Execution:
        """Make the call once. Raises only before anything was sent."""
        server = await self._registry.server(approval.server)
        if server is None:
            return Execution(Sent.NEVER_REACHED, detail="Its server is no longer registered.")
        call, trace = _call(approval, arguments), stored(approval.origin.trace)
        end = await self._send(server, call, approval.origin.session, trace)
        if _session_over(end, approval):
            if server.sessions is not Sessions.INTERCHANGEABLE:
                return SESSION_OVER
            session = await self._open_session(server, approval)
            if not isinstance(session, str):
                return _unsent(session)
            end = await self._send(server, call, session, trace)
        return await self._followed(server, approval, arguments, end)

    async def _followed(
        self, server: Server, approval: Approval, arguments: Mapping[str, Value], end: End
    ) -> Execution:
        """Bring an upstream back its own state until it gives a result."""
        for _ in range(MOST_LEGS):
            state = _state(end)
            if state is None:
                return _execution(end)
            again = _call(approval, arguments, state)
            end = await self._send(server, again, None, stored(approval.origin.trace))
            if isinstance(end, NeverReached):
                return Execution(Sent.LOST)
        return NEEDS_INPUT

    async def _send(
        self, server: Server, message: Message, session: str | None, trace: Trace | None
    ) -> End:
        """The end of one exchange; nothing of it goes to an agent."""
        ends: list[End] = []

        async def finish(end: End) -> Reply:
            ends.append(end)
            return answers.ACCEPTED

        body = forward.body(message, allow=(), trace=trace)
        await relay(self._upstream, Request(server, message, body, session, False, trace), finish)
        return ends[0]

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


def _call(approval: Approval, arguments: Mapping[str, Value], state: str | None = None) -> Message:
    params: dict[str, Value] = {"name": approval.tool, "arguments": dict(arguments)}
    if state is not None:
        params["requestState"] = state
    version = approval.origin.protocol_version
    return own_message(Kind.REQUEST, version, "tools/call", f"holdpoint-{approval.id}", params)


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
