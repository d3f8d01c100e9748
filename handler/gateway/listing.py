"""A server's whole list of tools, asked for by the gateway itself; nothing of it goes to an agent.

Must not know what the tools were before, or who wants to know.
"""

from contextlib import suppress

from handler.gateway import catalog, definitions, revisions
from handler.gateway.exchange import Sender
from handler.gateway.own import own_request
from handler.gateway.relay import Answered, End, Request, ended, exact
from handler.gateway.server import Server

MOST_PAGES = 32
MOST_TOOLS = 2_048


async def own_list(upstream: Sender, server: Server, session: str | None) -> dict[str, str] | None:
    """Each tool's text by its name, or None. Asked in the agent's session, or in any era."""
    legacy, modern = revisions.NEWEST_LEGACY, revisions.MODERN[-1]
    versions = (modern, legacy) if session is None else (legacy,)
    for version in versions:
        with suppress(ValueError, catalog.Unreadable):
            if (seen := await _pages(upstream, server, version, session)) is not None:
                return seen
    return None


async def _pages(
    upstream: Sender, server: Server, version: str, session: str | None
) -> dict[str, str] | None:
    seen: dict[str, str] = {}
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        end = await _page(upstream, server, version, session, cursor)
        if not isinstance(end, Answered) or "result" not in end.body:
            return None
        result = exact(end.raw)["result"]
        seen |= definitions.texts(catalog.tools(result))
        cursor = result.get("nextCursor")
        if not isinstance(cursor, str):
            return seen
        if len(seen) > MOST_TOOLS:
            return None
    return None


async def _page(
    upstream: Sender, server: Server, version: str, session: str | None, cursor: str | None
) -> End:
    message, body = own_request(
        version, "tools/list", "holdpoint-list", {} if cursor is None else {"cursor": cursor}
    )
    return await ended(upstream, Request(server, message, body, session, False))
