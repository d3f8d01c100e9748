"""What goes on to the upstream, written again from the message that was judged. Pure.

Only known keys pass, and no header of the client's is copied but those that the ladder has checked
against the body: its Authorization and its cookies stay here.
"""

from collections.abc import Mapping
from typing import Any

from compiler.values import Value
from handler.decision import arguments
from handler.gateway import head as headers
from handler.gateway.methods import CLIENT_CAPABILITIES, CLIENT_NOTIFICATIONS, METHODS
from handler.gateway.protocol import Kind, Message
from handler.gateway.revisions import CAPABILITIES_KEY, LEGACY, NEWEST_LEGACY
from handler.trace import PARENT, STATE, Trace

PLAIN = {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
}
REPLY_KEYS = ("jsonrpc", "id", "result", "error")


def head(message: Message, session: str | None, trace: Trace | None = None) -> dict[str, str]:
    """The headers of the forwarded request. `session` is the upstream's own id."""
    found = dict(PLAIN) if trace is None else {**PLAIN, **trace.carried}
    if message.modern:
        found[headers.VERSION] = message.version
        found[headers.METHOD] = message.method
        if (name := _name(message)) is not None:
            found[headers.NAME] = headers.encode(name)
        return {**found, **message.head.params}
    if message.head.get(headers.VERSION) is not None:
        found[headers.VERSION] = message.version
    if session is not None:
        found[headers.SESSION] = session
    return found


def _name(message: Message) -> str | None:
    row = METHODS.get(message.method)
    name = message.params.get(row.named_by) if row and row.named_by else None
    return name if isinstance(name, str) else None


def body(
    message: Message,
    allow: tuple[str, ...],
    replaced: Mapping[str, Any] | None = None,
    trace: Trace | None = None,
) -> bytes:
    """The forwarded body. `allow` are the registration's families; `replaced` params win.

    With a `trace` the body says it wherever the protocol or the client has a place for it.
    """
    if message.kind is Kind.REPLY:
        return arguments.write({k: message.body[k] for k in REPLY_KEYS if k in message.body})
    whole: dict[str, Value] = {"jsonrpc": "2.0", "method": message.method}
    if message.id is not None:
        whole["id"] = message.id
    whole["params"] = _params(message, allow, replaced or {}, trace)
    return arguments.write(whole)


def _params(
    message: Message, allow: tuple[str, ...], replaced: Mapping[str, Any], trace: Trace | None
) -> dict[str, Value]:
    row = METHODS.get(message.method)
    known = row.params if row else CLIENT_NOTIFICATIONS[message.method]
    params = {key: message.params[key] for key in known if key in message.params}
    if message.method == "initialize":
        params |= _offer(message, allow)
    if "_meta" in message.params:
        params["_meta"] = _meta(message, allow, trace)
    kept = {key: value for key, value in params.items() if key not in replaced}
    return kept | {key: value for key, value in replaced.items() if value is not None}


def _meta(message: Message, allow: tuple[str, ...], trace: Trace | None) -> dict[str, Value]:
    """The client's own, but what it declares and the trace, which are the gateway's to say."""
    meta = dict(message.meta)
    if message.modern:
        meta[CAPABILITIES_KEY] = _declared(message.capabilities, allow)
    if trace is not None and (message.modern or PARENT in meta or STATE in meta):
        meta = {key: value for key, value in meta.items() if key not in (PARENT, STATE)}
        meta |= trace.carried
    return meta


def _offer(message: Message, allow: tuple[str, ...]) -> dict[str, Value]:
    """What a legacy client offers, as far as the gateway serves it."""
    version, declared = message.params["protocolVersion"], message.params["capabilities"]
    assert isinstance(declared, dict)
    return {
        "protocolVersion": version if version in LEGACY else NEWEST_LEGACY,
        "capabilities": _declared(declared, allow),
    }


def _declared(capabilities: Mapping[str, Value], allow: tuple[str, ...]) -> dict[str, Value]:
    """The client's capabilities that an upstream may use: those whose family is allowed."""
    return {
        key: capabilities[key]
        for key in CLIENT_CAPABILITIES
        if key in capabilities and key in allow
    }
