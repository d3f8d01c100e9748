"""The request ladder: from headers and a body to a message, or to the first reason against it.

Pure; must not know servers, grants or policies, nor what becomes of a message.
"""

import re
from collections.abc import Mapping
from enum import Enum, auto
from typing import Any

from compiler.frozen import dataclass
from compiler.values import Value
from handler.decision import arguments
from handler.gateway import head as headers
from handler.gateway import mirror, revisions
from handler.gateway.head import Head
from handler.gateway.methods import METHODS
from handler.gateway.revisions import Era

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
HEADER_MISMATCH = -32020
MISSING_CAPABILITY = -32021
UNSUPPORTED_VERSION = -32022

RequestId = str | int

PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
"""Tool names that need no exact entry in the policy (2025-11-25, server/tools, tool names)."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a request goes no further: an HTTP status and a JSON-RPC error."""

    code: int
    message: str
    status: int = 400
    id: RequestId | None = None
    data: Mapping[str, Any] | None = None


class Kind(Enum):
    """What a message is. Replies answer what a legacy upstream asked in the middle of a call."""

    REQUEST = auto()
    NOTIFICATION = auto()
    REPLY = auto()


@dataclass(frozen=True, slots=True)
class Message:
    """One JSON-RPC message that passed the ladder. `body` is what was read, unknown keys too."""

    kind: Kind
    era: Era
    version: str
    method: str
    id: RequestId | None
    params: Mapping[str, Value]
    head: Head
    body: Mapping[str, Value]

    @property
    def modern(self) -> bool:
        return self.era is Era.MODERN

    @property
    def meta(self) -> Mapping[str, Value]:
        meta = self.params.get("_meta")
        return meta if isinstance(meta, dict) else {}

    @property
    def tool(self) -> str:
        """The tool a tools/call names; the ladder has checked that it is text."""
        return str(self.params["name"])

    @property
    def arguments(self) -> dict[str, Value]:
        """The arguments of a tools/call; absent is empty."""
        given = self.params.get("arguments", {})
        assert isinstance(given, dict)
        return given

    @property
    def capabilities(self) -> Mapping[str, Value]:
        """What a modern client declares with each request."""
        declared = self.meta.get(revisions.CAPABILITIES_KEY)
        return declared if isinstance(declared, dict) else {}


def read(head: Head, body: bytes) -> Message | Rejection:
    """The message, or the first rung of the ladder that failed."""
    if head.repeated:
        return Rejection(HEADER_MISMATCH, f"the header {head.repeated[0]} came more than once")
    if head.media != "application/json":
        return Rejection(INVALID_REQUEST, "content-type must be application/json", 415)
    if head.get("content-encoding") not in (None, "identity"):
        return Rejection(INVALID_REQUEST, "a request must not be compressed", 415)
    try:
        value = arguments.read(body)
    except arguments.Inexact as error:
        return Rejection(INVALID_PARAMS, error.reason)
    except arguments.Unreadable as error:
        return Rejection(PARSE_ERROR, error.reason)
    if not isinstance(value, dict):
        return Rejection(INVALID_REQUEST, "the body must be one JSON-RPC object, not a batch")
    return _envelope(head, value)


def _envelope(head: Head, body: dict[str, Value]) -> Message | Rejection:
    """JSON-RPC 2.0: one request, one notification or one reply, and never two of them at once."""
    id = body.get("id")
    if "id" in body and (isinstance(id, bool) or not isinstance(id, str | int)):
        return Rejection(INVALID_REQUEST, "id must be a string or an integer")
    assert id is None or isinstance(id, str | int)
    if body.get("jsonrpc") != "2.0":
        return Rejection(INVALID_REQUEST, 'jsonrpc must be "2.0"', id=id)
    answers = [key for key in ("result", "error") if key in body]
    if "method" not in body:
        if id is None or len(answers) != 1:
            return Rejection(INVALID_REQUEST, "the body must be a request or one reply", id=id)
        return _reply(head, body, id)
    method, params = body["method"], body.get("params", {})
    if answers:
        return Rejection(INVALID_REQUEST, "a request must not carry a result or an error", id=id)
    if not isinstance(method, str):
        return Rejection(INVALID_REQUEST, "method must be a string", id=id)
    if not isinstance(params, dict):
        return Rejection(INVALID_PARAMS, "params must be an object", id=id)
    if not isinstance(params.get("_meta", {}), dict):
        return Rejection(INVALID_PARAMS, "params._meta must be an object", id=id)
    if id is None and method in METHODS:
        return Rejection(INVALID_REQUEST, f"{method} needs an id")
    kind = Kind.NOTIFICATION if id is None else Kind.REQUEST
    draft = Message(kind, Era.LEGACY, "", method, id, params, head, body)
    return _in_era(draft)


def _reply(head: Head, body: dict[str, Value], id: RequestId) -> Message | Rejection:
    if head.get(headers.VERSION) in revisions.MODERN:
        return Rejection(INVALID_REQUEST, "this revision has no replies from clients", id=id)
    return _in_era(Message(Kind.REPLY, Era.LEGACY, "", "", id, {}, head, body))


def _in_era(draft: Message) -> Message | Rejection:
    """The message in the era that its header and its `_meta` agree on."""
    version = draft.head.get(headers.VERSION)
    if version in revisions.MODERN and draft.kind is Kind.NOTIFICATION:
        return _as(draft, Era.MODERN, version)
    if version in revisions.MODERN or revisions.VERSION_KEY in draft.meta:
        return _modern(draft, version)
    if version is not None and version not in revisions.LEGACY:
        return _unsupported(draft, version)
    return _shaped(_as(draft, Era.LEGACY, version or revisions.ASSUMED))


def _modern(draft: Message, version: str | None) -> Message | Rejection:
    """The rungs of 2026-07-28, in the order in which its servers take them."""
    meta = draft.meta
    for key in (revisions.VERSION_KEY, revisions.CAPABILITIES_KEY):
        if key not in meta:
            return Rejection(INVALID_PARAMS, f"params._meta lacks {key}", id=draft.id)
    if version is None or version != meta[revisions.VERSION_KEY]:
        return mismatch(draft, headers.VERSION)
    if draft.head.get(headers.METHOD) != draft.method:
        return mismatch(draft, headers.METHOD)
    row = METHODS.get(draft.method)
    named_by = row.named_by if row else None
    name = draft.params.get(named_by) if named_by else None
    if name is not None and headers.decode(draft.head.get(headers.NAME)) != name:
        return mismatch(draft, headers.NAME)
    if version not in revisions.MODERN:
        return _unsupported(draft, version)
    if not isinstance(meta[revisions.CAPABILITIES_KEY], dict):
        message = f"params._meta.{revisions.CAPABILITIES_KEY} must be an object"
        return Rejection(INVALID_PARAMS, message, id=draft.id)
    return _shaped(_as(draft, Era.MODERN, version))


SHAPES: dict[str, tuple[tuple[str, type, bool], ...]] = {
    "tools/call": (
        ("name", str, True),
        ("arguments", dict, False),
        ("requestState", str, False),
        ("inputResponses", dict, False),
    ),
    "tools/list": (("cursor", str, False),),
    "subscriptions/listen": (("notifications", dict, True),),
    "tasks/get": (("taskId", str, True),),
    "tasks/update": (("taskId", str, True),),
    "tasks/cancel": (("taskId", str, True),),
    "initialize": (("protocolVersion", str, True), ("capabilities", dict, True)),
}
"""The params that the gateway reads itself: name, type, whether it must be there."""

SPELLED: dict[type, str] = {str: "a string", dict: "an object"}


def _shaped(message: Message) -> Message | Rejection:
    row = METHODS.get(message.method)
    # A method of the other era is unknown here, whatever its params look like.
    shapes = SHAPES.get(message.method, ()) if row and message.era in row.eras else ()
    for key, wanted, needed in shapes:
        if key not in message.params and not needed:
            continue
        if not isinstance(message.params.get(key), wanted):
            text = f"params.{key} must be {SPELLED[wanted]}"
            return Rejection(INVALID_PARAMS, text, id=message.id)
    return _mirrored(message) if message.head.params else message


def _mirrored(message: Message) -> Message | Rejection:
    """Refuse an `Mcp-Param-*` header that says what no argument says.

    Which argument a header repeats stands in the tool's schema: where that is known, the call is
    checked against it later, and by the upstream in any case.
    """
    name = mirror.unsaid(message.params.get("arguments"), message.head.params)
    return message if name is None else mismatch(message, name)


def _as(draft: Message, era: Era, version: str) -> Message:
    return Message(
        draft.kind, era, version, draft.method, draft.id, draft.params, draft.head, draft.body
    )


def mismatch(draft: Message, header: str) -> Rejection:
    """The rejection of a message one of whose headers says something else than its body."""
    return Rejection(HEADER_MISMATCH, f"the header {header} does not match the body", id=draft.id)


def _unsupported(draft: Message, version: str) -> Rejection:
    data = {"supported": list(revisions.MODERN), "requested": version}
    return Rejection(UNSUPPORTED_VERSION, "unsupported protocol version", id=draft.id, data=data)
