"""What a modern client listens for (`subscriptions/listen`), and the messages of its stream. Pure.

Nothing is agreed on or passed that was not asked for, or whose family the server's registration
does not allow. Every message names the subscription: the id of the request that opened the stream.
"""

from collections.abc import Mapping
from typing import Any

from compiler.values import Value
from handler.gateway import answers, sse
from handler.gateway.answers import Reply
from handler.gateway.methods import ACKNOWLEDGED, LISTENED, SERVER_NOTIFICATIONS
from handler.gateway.protocol import Message
from handler.gateway.revisions import SUBSCRIPTION_KEY

URIS = "resourceSubscriptions"

Filter = Mapping[str, Value]
"""Flags that are true, and a list of URIs that is not empty."""


def asked(message: Message) -> Filter:
    """What the client asks for, written without what it does not."""
    return _filter(message.params["notifications"])


def allowed(wanted: Filter, allow: tuple[str, ...]) -> Filter:
    """As much of a filter as the registration's families leave."""
    families = {key: SERVER_NOTIFICATIONS[method] for key, method in LISTENED.items()}
    return {k: v for k, v in wanted.items() if families[k] is None or families[k] in allow}


def agreed(wanted: Filter, event: Mapping[str, Any]) -> Filter:
    """What the upstream's acknowledgment agrees to of what it was asked for."""
    given = _filter(_member(_member(event, "params"), "notifications"))
    found: dict[str, Value] = {}
    for key, value in wanted.items():
        mine, theirs = value, given.get(key)
        if isinstance(mine, list) and isinstance(theirs, list):
            if common := [uri for uri in mine if uri in theirs]:
                found[key] = common
        elif theirs is True:
            found[key] = True
    return found


def passes(event: Mapping[str, Any], honoured: Filter, allow: tuple[str, ...]) -> bool:
    """Whether this notification is one of those agreed on, and still allowed.

    An update may be of a resource inside one that was asked for, so its URI is not compared.
    """
    if "id" in event:
        return False
    return any(LISTENED[key] == event["method"] for key in allowed(honoured, allow))


def acknowledgment(message: Message, honoured: Filter) -> bytes:
    params = {"_meta": _meta(message), "notifications": honoured}
    return answers.dump({"jsonrpc": "2.0", "method": ACKNOWLEDGED, "params": params})


def notification(message: Message, event: Mapping[str, Any]) -> bytes:
    """The upstream's notification under this client's subscription."""
    params = _member(event, "params")
    params = {**params, "_meta": {**_member(params, "_meta"), **_meta(message)}}
    return answers.dump({"jsonrpc": "2.0", "method": event["method"], "params": params})


def ending(message: Message) -> bytes:
    """The response that ends a stream in order."""
    result = {"resultType": answers.COMPLETE, "_meta": _meta(message)}
    return answers.dump({"jsonrpc": "2.0", "id": message.id, "result": result})


def nothing(message: Message) -> Reply:
    """The whole answer where there is nothing to hear: nothing is agreed on, and it ends."""
    texts = (acknowledgment(message, {}), ending(message))
    body = b"".join(sse.event(sse.ascii_json(text.decode())) for text in texts)
    return Reply(200, body, headers={"Content-Type": "text/event-stream"})


def _meta(message: Message) -> dict[str, Any]:
    return {SUBSCRIPTION_KEY: message.id}


def _filter(value: Value) -> Filter:
    given = value if isinstance(value, dict) else {}
    found: dict[str, Value] = {
        key: True for key in LISTENED if key != URIS and given.get(key) is True
    }
    uris = given.get(URIS)
    if isinstance(uris, list) and (texts := [uri for uri in uris if isinstance(uri, str)]):
        found[URIS] = list[Value](texts)
    return found


def _member(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    member = value.get(name)
    return member if isinstance(member, dict) else {}
