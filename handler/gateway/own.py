"""Requests that the gateway makes itself, as a client without capabilities. Pure."""

from collections.abc import Mapping

from compiler.values import Value
from handler.gateway import forward, revisions
from handler.gateway.head import VERSION, Head
from handler.gateway.protocol import Kind, Message
from handler.gateway.revisions import Era

CLIENT: dict[str, Value] = {"name": "holdpoint", "version": "1"}


def own_message(
    kind: Kind,
    version: str,
    method: str,
    id: str | None,
    params: dict[str, Value],
    mirrored: Mapping[str, str] | None = None,
) -> Message:
    """A message of our own, in the era of its version. `mirrored` are its `Mcp-Param-*` headers."""
    era = Era.MODERN if version in revisions.MODERN else Era.LEGACY
    if era is Era.MODERN:
        params["_meta"] = {
            revisions.VERSION_KEY: version,
            revisions.CAPABILITIES_KEY: {},
            revisions.CLIENT_KEY: CLIENT,
        }
    head = Head({VERSION: version, **(mirrored or {})})
    return Message(kind, era, version, method, id, params, head, {})


def own_request(
    version: str, method: str, id: str, params: dict[str, Value]
) -> tuple[Message, bytes]:
    """A request of our own, and its body."""
    message = own_message(Kind.REQUEST, version, method, id, params)
    return message, forward.body(message, allow=())
