"""One canonical layout for a policy.json. Changes how it is written, never what it says.

Works on nodes, so shorthands, the order of tools and rules, and numbers stay as they were written;
keys of the language take the order of docs/policy.md. Must not know whether the policy compiles.
"""

import json

from compiler.diagnostics import Diagnostic, EnoughErrors, Report, ordered
from compiler.source import ListNode, Member, Node, ObjectNode, Scalar, Source, decode, read

WIDTH = 100
INDENT = "  "

ORDER = {
    key: place
    for place, key in enumerate(
        (
            "version", "default", "hide", "approvals", "all_tools", "tools",
            "action", "conditions", "on_deny", "reason",
            "rate_limit", "require", "deny_if", "approve_if", "limits",
            "approvers", "quorum", "expires_in", "mail_arguments", "path", "op", "value",
            "counter", "window", "max", "scope", "increment_from", "per", "shared", "shards",
            "on_limit",
        )
    )
}  # fmt: skip
"""The keys of the language in the order they are written; others keep theirs, at the end."""

AS_WRITTEN = ("tools", "value")
"""Members whose own keys are not the language's: tool names, and literals."""


def format_policy(data: bytes) -> str | tuple[Diagnostic, ...]:
    """The text in canonical layout, or what keeps it from being read as JSON."""
    report = Report()
    try:
        source = decode(data, report)
        node = read(source, report) if source else None
    except EnoughErrors:
        node = None
    if source is None or node is None or report.diagnostics:
        return tuple(ordered(report.diagnostics))
    return _written(source, node, "", language=True, used=0) + "\n"


def _written(source: Source, node: Node, indent: str, language: bool, used: int) -> str:
    """A node on one line where it fits after `used` characters, else a line for each member."""
    line = _on_one_line(source, node, language, WIDTH - used)
    if line is not None:
        return line
    inner = indent + INDENT
    if isinstance(node, ListNode):
        parts = [_written(source, item, inner, language, len(inner) + 1) for item in node.items]
        return _block("[", parts, "]", indent)
    assert isinstance(node, ObjectNode)
    parts = []
    for member in _in_order(node, language):
        key = f"{_string(member.name)}: "
        known = language and member.name not in AS_WRITTEN
        used = len(inner) + len(key) + 1
        if language and member.name == "tools" and isinstance(member.node, ObjectNode):
            parts.append(key + _tools(source, member.node, inner))
        else:
            parts.append(key + _written(source, member.node, inner, known, used))
    return _block("{", parts, "}", indent)


def _tools(source: Source, node: ObjectNode, indent: str) -> str:
    """The entries in the order written, each in the language again."""
    inner = indent + INDENT
    parts = []
    for member in node.members:
        key = f"{_string(member.name)}: "
        parts.append(key + _written(source, member.node, inner, True, len(inner) + len(key) + 1))
    return _block("{", parts, "}", indent) if parts else "{}"


def _block(opening: str, parts: list[str], closing: str, indent: str) -> str:
    inner = f",\n{indent}{INDENT}".join(parts)
    return f"{opening}\n{indent}{INDENT}{inner}\n{indent}{closing}"


def _on_one_line(source: Source, node: Node, language: bool, room: int) -> str | None:
    """The node in one line, or None where that takes more than `room` characters.

    A whole document and whatever holds rules is always spread over lines.
    """
    if isinstance(node, Scalar):
        return _scalar(source, node)
    if isinstance(node, ListNode):
        return _joined("[", node.items, "]", source, language, room)
    if language and any(member.name in SPREAD for member in node.members):
        return None
    left, parts = room, list[str]()
    for member in _in_order(node, language):
        key = f"{_string(member.name)}: "
        known = language and member.name not in AS_WRITTEN
        text = _on_one_line(source, member.node, known, left - len(key))
        left -= len(key) + len(text or "") + 2
        if text is None or left < 0:
            return None
        parts.append(key + text)
    return "{" + ", ".join(parts) + "}"


SPREAD = ("version", "tools", "all_tools", "require", "deny_if", "approve_if", "limits")


def _joined(
    opening: str, items: list[Node], closing: str, source: Source, language: bool, room: int
) -> str | None:
    left, parts = room, list[str]()
    for item in items:
        text = _on_one_line(source, item, language, left)
        left -= len(text or "") + 2
        if text is None or left < 0:
            return None
        parts.append(text)
    return opening + ", ".join(parts) + closing


def _in_order(node: ObjectNode, language: bool) -> list[Member]:
    if not language:
        return node.members
    return sorted(node.members, key=lambda member: ORDER.get(member.name, len(ORDER)))


def _scalar(source: Source, node: Scalar) -> str:
    """Strings with no more escapes than JSON asks for; numbers and words as written."""
    if isinstance(node.value, str):
        return _string(node.value)
    return source.text[node.start : node.end]


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=not text.isprintable())
