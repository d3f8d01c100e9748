"""What the gateway itself answers, as JSON-RPC values. Pure; must not know HTTP.

A denial, a full limit and a failed forward are tool results with `isError`: an HTTP or JSON-RPC
error on one tools/call ends the whole session of many clients.
"""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

import orjson

from compiler.frozen import dataclass
from compiler.verdict import Place
from handler.gateway import protocol
from handler.gateway.protocol import Message, Rejection, RequestId
from handler.trace import Trace

DECISION_KEY = "holdpoint/decision"
"""The key of the machine-readable part, in a result's `_meta`."""

COMPLETE, INPUT_REQUIRED = "complete", "input_required"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer that is whole."""

    status: int
    body: bytes = b""
    session: str | None = None
    """The `Mcp-Session-Id` to send, as the client may know it."""
    headers: Mapping[str, str] | None = None


class Pieces(Protocol):
    """What an answer consists of, piece by piece."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None:
        """Let go of it, read or not."""
        ...


@dataclass(frozen=True, slots=True)
class Stream:
    """An HTTP answer that comes in pieces. Whoever reads it closes it, read to its end or not."""

    events: Pieces
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Denial:
    """A no, in the words of the policy or the gateway's own."""

    place: Place
    message: str
    retry_after: int | None = None
    """Seconds until the full limit's window ends."""
    remaining: str | None = None
    """What the full limit has left, as a decimal."""


ACCEPTED = Reply(202)

UNAUTHORIZED_CODE, NO_SESSION_CODE, PAUSED_CODE = -31001, -31002, -31003
"""JSON-RPC codes of our own, outside the range that the protocol reserves."""


def result(message: Message, fields: Mapping[str, Any], session: str | None = None) -> Reply:
    """A result; a modern one says that it is complete unless `fields` say otherwise."""
    whole = {"resultType": COMPLETE, **fields} if message.modern else fields
    body = {"jsonrpc": "2.0", "id": message.id, "result": whole}
    return Reply(200, dump(body), session)


def dump(value: object) -> bytes:
    """JSON text; integers past 64 bits, which upstreams may send, take the slow way."""
    try:
        return orjson.dumps(value)
    except TypeError:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        return text.encode("utf-8", "backslashreplace")  # half a pair, as JSON escapes it


def denied(message: Message, denial: Denial, trace: Trace) -> Reply:
    """The answer to a call that the policy refuses."""
    facts = {
        "effect": "deny",
        "rule": denial.place.rule,
        "index": denial.place.index,
        "retry_after": denial.retry_after,
        "remaining": denial.remaining,
        **trace.names,
    }
    return failed(message, f"[POLICY DENIED] {denial.message}", facts)


def failed(message: Message, text: str, facts: Mapping[str, Any]) -> Reply:
    """A tool result that says the call did not give one. Facts that are None are left out."""
    known = {key: value for key, value in facts.items() if value is not None}
    return result(
        message,
        {
            "content": [{"type": "text", "text": text}],
            "isError": True,
            "_meta": {DECISION_KEY: known},
        },
    )


def error(
    id: RequestId | None, code: int, text: str, status: int = 200, data: object = None
) -> Reply:
    """A JSON-RPC error."""
    fields: dict[str, object] = {"code": code, "message": text}
    if data is not None:
        fields["data"] = data
    return Reply(status, dump({"jsonrpc": "2.0", "id": id, "error": fields}))


def passed_error(message: Message, body: Mapping[str, Any], status: int) -> Reply:
    """The upstream's JSON-RPC error, under this request's id.

    An HTTP error status goes on only where it is part of the protocol: legacy clients end their
    session on any.
    """
    given = body["error"]
    code, text = given.get("code"), given.get("message")
    kept = status if message.modern and status in (400, 404) else 200
    return error(
        message.id,
        code if isinstance(code, int) else protocol.INTERNAL_ERROR,
        text if isinstance(text, str) else "the upstream answered with an error",
        kept,
        given.get("data"),
    )


def rejected(rejection: Rejection) -> Reply:
    """The answer to a request that fell off the ladder."""
    return error(rejection.id, rejection.code, rejection.message, rejection.status, rejection.data)


def unknown_method(message: Message) -> Reply:
    """In the form of the request's era: 404 is how modern clients learn it."""
    text = f"the method {message.method[:64]} is not available here"
    status = 404 if message.modern else 200
    return error(message.id, protocol.METHOD_NOT_FOUND, text, status)


def unavailable(message: Message) -> Reply:
    """The gateway could not decide: nothing was forwarded."""
    text = "the gateway could not decide on this request, so nothing was forwarded; try again"
    return error(message.id, protocol.INTERNAL_ERROR, text)


def too_large(message: Message) -> Reply:
    """What was to be answered outgrew the front door once it was written anew."""
    text = "the answer is too large to be passed on; ask for less of it"
    return error(message.id, protocol.INTERNAL_ERROR, text)


def bad_state(message: Message) -> Reply:
    """The answer to a requestState that is not this call's, was used, or is too old."""
    text = "requestState is not valid for this call; call the tool again without it"
    return error(message.id, protocol.INVALID_PARAMS, text, 400)


UNAUTHORIZED = Reply(
    401,
    b'{"jsonrpc":"2.0","id":null,"error":{"code":-31001,"message":'
    b'"a valid grant token for this server is needed in the Authorization header"}}',
    headers={"WWW-Authenticate": "Bearer"},
)
"""One answer for every wrong token: unknown, expired, revoked, or of another server."""

NO_SESSION = Reply(
    404,
    b'{"jsonrpc":"2.0","id":null,"error":{"code":-31002,"message":'
    b'"no such session; send initialize to open one"}}',
)
