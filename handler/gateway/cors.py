"""What a browser is told about pages of other origins that may call (Fetch standard, CORS). Pure.

Must not know tokens: a browser asks first without one. Only origins that are named are answered;
there is no answer for all of them, and none that lets a browser send what it keeps for a site.
"""

from collections.abc import Mapping

from handler.gateway.answers import Reply
from handler.gateway.head import Head

METHODS = "POST, GET, DELETE"
READABLE = "Mcp-Session-Id, WWW-Authenticate"
ALWAYS = "Authorization, Content-Type"
KEPT_SECONDS = "600"


def headers(head: Head, origins: frozenset[str]) -> Mapping[str, str]:
    """What every answer to a page of a named origin carries."""
    origin = head.get("origin")
    if origin is None or origin not in origins:
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": READABLE,
        "Vary": "Origin",
    }


def preflight(head: Head, origins: frozenset[str]) -> Reply:
    """The answer to a browser that asks whether a page may call."""
    if not headers(head, origins):
        return Reply(403)
    more = {
        "Access-Control-Allow-Methods": METHODS,
        # A tool's schema names headers of its own, so they cannot be listed here.
        "Access-Control-Allow-Headers": head.get("access-control-request-headers") or ALWAYS,
        "Access-Control-Max-Age": KEPT_SECONDS,
    }
    return Reply(204, headers=more)
