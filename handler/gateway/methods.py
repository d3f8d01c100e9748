"""Which methods exist for an agent, and what the gateway does with each. Pure.

Default deny: what has no row here is refused, and a row with a family passes only where the
server's registration allows that family.
"""

from enum import Enum

from compiler.frozen import dataclass
from handler.gateway.revisions import Era

BOTH = frozenset(Era)
LEGACY = frozenset({Era.LEGACY})
MODERN = frozenset({Era.MODERN})


class Duty(Enum):
    """What the gateway does with a method."""

    CALL = "judge, then forward"
    LIST = "forward, then take out what is hidden"
    HANDSHAKE = "forward, then take out what is not served"
    PING = "forward in a session, which may be over; else answer here"
    LISTEN = "forward what is allowed to be listened for; else answer here"
    TASK = "answer here, from the approval"
    PASS = "forward where the family is allowed"


@dataclass(frozen=True, slots=True)
class Method:
    """One row. Only `params` (and `_meta`) of a request go on to the upstream."""

    duty: Duty
    eras: frozenset[Era]
    params: tuple[str, ...] = ()
    family: str | None = None
    named_by: str | None = None
    """The param that a modern request repeats in `Mcp-Name`."""


_ROUNDS = ("requestState", "inputResponses")

METHODS = {
    "tools/call": Method(Duty.CALL, BOTH, ("name", "arguments", *_ROUNDS), named_by="name"),
    "tools/list": Method(Duty.LIST, BOTH, ("cursor",)),
    "initialize": Method(Duty.HANDSHAKE, LEGACY, ("protocolVersion", "capabilities", "clientInfo")),
    "server/discover": Method(Duty.HANDSHAKE, MODERN),
    "ping": Method(Duty.PING, LEGACY),
    "subscriptions/listen": Method(Duty.LISTEN, MODERN, ("notifications",)),
    "tasks/get": Method(Duty.TASK, MODERN, ("taskId",), named_by="taskId"),
    "tasks/update": Method(Duty.TASK, MODERN, ("taskId", "inputResponses"), named_by="taskId"),
    "tasks/cancel": Method(Duty.TASK, MODERN, ("taskId",), named_by="taskId"),
    "resources/list": Method(Duty.PASS, BOTH, ("cursor",), "resources"),
    "resources/templates/list": Method(Duty.PASS, BOTH, ("cursor",), "resources"),
    "resources/read": Method(Duty.PASS, BOTH, ("uri", *_ROUNDS), "resources", "uri"),
    "resources/subscribe": Method(Duty.PASS, LEGACY, ("uri",), "resources"),
    "resources/unsubscribe": Method(Duty.PASS, LEGACY, ("uri",), "resources"),
    "prompts/list": Method(Duty.PASS, BOTH, ("cursor",), "prompts"),
    "prompts/get": Method(Duty.PASS, BOTH, ("name", "arguments", *_ROUNDS), "prompts", "name"),
    "completion/complete": Method(Duty.PASS, BOTH, ("ref", "argument", "context"), "completion"),
    "logging/setLevel": Method(Duty.PASS, LEGACY, ("level",), "logging"),
}

CLIENT_NOTIFICATIONS: dict[str, tuple[str, ...]] = {
    "notifications/initialized": (),
    "notifications/cancelled": ("requestId", "reason"),
    "notifications/progress": ("progressToken", "progress", "total", "message"),
    "notifications/roots/list_changed": (),
}
"""What a legacy client may notify, with the params that go on. All others end here, unanswered."""

TOOLS_CHANGED = "notifications/tools/list_changed"

SERVER_NOTIFICATIONS: dict[str, str | None] = {
    "notifications/progress": None,
    "notifications/cancelled": None,
    TOOLS_CHANGED: None,
    "notifications/message": "logging",
    "notifications/resources/updated": "resources",
    "notifications/resources/list_changed": "resources",
    "notifications/prompts/list_changed": "prompts",
    "notifications/elicitation/complete": "elicitation",
}
"""What an upstream may notify, and the family that must be allowed for it."""

ACKNOWLEDGED = "notifications/subscriptions/acknowledged"

LISTENED = {
    "toolsListChanged": TOOLS_CHANGED,
    "promptsListChanged": "notifications/prompts/list_changed",
    "resourcesListChanged": "notifications/resources/list_changed",
    "resourceSubscriptions": "notifications/resources/updated",
}
"""What a modern client may listen for, and the notification that it then gets
(2026-07-28, basic/patterns/subscriptions, notification filter)."""

SERVER_REQUESTS = {
    "sampling/createMessage": "sampling",
    "elicitation/create": "elicitation",
    "roots/list": "roots",
}
"""What an upstream may ask of the client in the middle of a call, and the family it needs."""

SERVER_CAPABILITIES = {
    "tools": None,
    "resources": "resources",
    "prompts": "prompts",
    "completions": "completion",
    "logging": "logging",
}
"""What a server may advertise through the gateway, and the family that must be allowed for it."""

CLIENT_CAPABILITIES = ("sampling", "elicitation", "roots")
"""What a client may declare to the upstream; each is a family of its own name."""


def served(method: str, era: Era, allow: tuple[str, ...]) -> Method | None:
    """The method's row, or None where the era or the registration does not have it."""
    row = METHODS.get(method)
    if row is None or era not in row.eras:
        return None
    return row if row.family is None or row.family in allow else None


def asks(allow: tuple[str, ...]) -> bool:
    """Whether an upstream may ask the client anything, so that an answer can be meant."""
    return any(family in allow for family in SERVER_REQUESTS.values())
