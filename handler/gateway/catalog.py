"""Takes out of an upstream's answer what an agent is not to see. Pure: values in, values out.

Hiding is comfort: the check is at the call. Order, cursors and unknown fields stay as they are,
and an answer that cannot be read is an error, never an unfiltered list.
"""

from collections.abc import Callable, Mapping
from typing import Any

from handler.gateway.methods import SERVER_CAPABILITIES
from handler.gateway.protocol import Message
from handler.gateway.revisions import LEGACY, MODERN

Narrowing = Callable[[str, Mapping[str, Any]], dict[str, Any]]
"""From a tool's name and its input schema to the schema that is shown."""

LIST_TTL_MS = 5_000
"""How long a modern client may keep a list: what is hidden can change with the next policy."""


LONGEST_TEXT = 16_384
"""Characters of a tool's description, and of a server's instructions."""

CUT = " [cut by the gateway: the server's text is too long]"


class Unreadable(Exception):
    """The upstream's answer does not have the shape that filtering needs."""


def listed(
    result: Mapping[str, Any],
    hides: Callable[[str], bool],
    modern: bool,
    narrowing: Narrowing | None = None,
) -> dict[str, Any]:
    """A page of tools/list without the hidden tools. Raises `Unreadable`."""
    shown = [_capped(tool) for tool in tools(result) if not hides(tool["name"])]
    if narrowing is not None:
        shown = [_narrowed(tool, narrowing) for tool in shown]
    page = {**result, "tools": shown}
    if modern:
        page["cacheScope"] = "private"
        ttl = result.get("ttlMs")
        usable = isinstance(ttl, int) and 0 <= ttl <= LIST_TTL_MS
        page["ttlMs"] = ttl if usable else LIST_TTL_MS
    return page


def tools(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tools of a page as the upstream gave them. Raises `Unreadable`."""
    found = result.get("tools")
    if not isinstance(found, list):
        raise Unreadable
    if not all(isinstance(tool, dict) and isinstance(tool.get("name"), str) for tool in found):
        raise Unreadable
    return found


def _capped(tool: dict[str, Any]) -> dict[str, Any]:
    """The tool with a description of bounded length: it is read into a model's context."""
    text = tool.get("description")
    return tool if not isinstance(text, str) else {**tool, "description": cut(text)}


def _narrowed(tool: dict[str, Any], narrowing: Narrowing) -> dict[str, Any]:
    """The tool with its input schema narrowed; one that has none is left alone."""
    schema = tool.get("inputSchema")
    if not isinstance(schema, dict):
        return tool
    return {**tool, "inputSchema": narrowing(tool["name"], schema)}


def cut(text: str) -> str:
    """The text, or as much of it as may pass, and a note that it was cut."""
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + CUT


def handshake(
    result: Mapping[str, Any],
    message: Message,
    allow: tuple[str, ...],
    extensions: tuple[str, ...],
    *,
    tells: bool,
) -> dict[str, Any]:
    """The result of initialize or server/discover, less what is not served. Raises `Unreadable`.

    `extensions` are those the gateway itself serves; `tells` is whether a client can hear what
    the server says unasked.
    """
    capabilities = result.get("capabilities")
    if not isinstance(capabilities, dict):
        raise Unreadable
    shown = {**result, "capabilities": _served(capabilities, allow, tells)}
    if isinstance(result.get("instructions"), str):
        shown["instructions"] = cut(result["instructions"])
    if not message.modern:
        if result.get("protocolVersion") not in LEGACY:
            raise Unreadable
        return shown
    versions = result.get("supportedVersions")
    if not isinstance(versions, list) or not all(isinstance(each, str) for each in versions):
        raise Unreadable
    shown["supportedVersions"] = [each for each in versions if each in (*MODERN, *LEGACY)]
    if extensions:
        shown["capabilities"]["extensions"] = {name: {} for name in extensions}
    shown["cacheScope"] = "private"
    shown["ttlMs"] = LIST_TTL_MS
    return shown


TOLD = ("listChanged", "subscribe")
"""What a server advertises that comes to nothing where it cannot be heard unasked."""


def _served(capabilities: Mapping[str, Any], allow: tuple[str, ...], tells: bool) -> dict[str, Any]:
    """Each capability whose family is allowed, as far as it is served."""
    shown = {}
    for name, family in SERVER_CAPABILITIES.items():
        if name in capabilities and (family is None or family in allow):
            given = capabilities[name]
            if isinstance(given, dict) and not tells:
                given = {**given, **{key: False for key in TOLD if key in given}}
            shown[name] = given
    return shown
