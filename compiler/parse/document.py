"""The whole document: its top level, and the order in which errors are looked for.

Must not know rules and conditions.
"""

import json
from dataclasses import dataclass

from compiler.diagnostics import Diagnostic, EnoughErrors, Report, has_errors, ordered, quote
from compiler.parse.agreement import check_agreement
from compiler.parse.entries import all_tools, entry
from compiler.parse.fields import Reading
from compiler.parse.rules import SETTINGS, Approvals, approvals
from compiler.parse.shapes import Shape
from compiler.policy import Default, Entry, Policy
from compiler.source import Node, ObjectNode, Source, decode, read, uncollected

VERSION = "1"
POLICY = Shape(
    "a policy",
    ("version", "default", "hide", "approvals", "all_tools", "tools"),
    needed=("version", "default"),
    form='{"version": "1", "default": "deny", "tools": {"send": {}}}',
)
APPROVALS = Shape("`approvals`", SETTINGS, form='{"approvers": ["ops@example.com"]}')
MOST_TOOLS = 100_000


@dataclass(frozen=True, slots=True)
class Parsed:
    """A policy, or None where it has errors, with the diagnostics in order of place.

    `text` is what the diagnostics point into; empty where the file could not be decoded.
    """

    policy: Policy | None
    diagnostics: tuple[Diagnostic, ...]
    text: str


def parse(data: bytes | str) -> Parsed:
    """The policy a policy.json holds, with all its errors at once. Never raises."""
    encoded = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    with uncollected():
        return _parsed(encoded)


def _parsed(encoded: bytes) -> Parsed:
    report = Report()
    source: Source | None = None
    policy: Policy | None = None
    try:
        source = decode(encoded, report)
        node = read(source, report) if source else None
        if source and node is not None:
            policy = _policy(Reading(source, report), node)
    except EnoughErrors:
        pass
    found = tuple(ordered(report.diagnostics))
    return Parsed(None if has_errors(found) else policy, found, source.text if source else "")


def _policy(reading: Reading, node: Node) -> Policy:
    fields = reading.object(node, POLICY)
    if "version" in fields:
        _check_version(reading, fields["version"])
    default = reading.word(fields["default"], "`default`", Default) if "default" in fields else None
    defaults = _defaults(reading, fields.get("approvals"))
    policy = Policy(
        default=default or Default.DENY,
        hide=_hide(reading, fields.get("hide")),
        all_tools=all_tools(reading, fields.get("all_tools"), defaults),
        tools=_tools(reading, fields.get("tools"), defaults),
    )
    check_agreement(policy, reading.report)
    return policy


def _check_version(reading: Reading, node: Node) -> None:
    version = reading.string(node, "`version`")
    if version is not None and version != VERSION:
        message = f"unknown version {quote(version)}"
        reading.fail("E013", node, message, f'this compiler knows "{VERSION}"')


def _defaults(reading: Reading, node: Node | None) -> Approvals:
    if node is None:
        return Approvals()
    fields = reading.object(node, APPROVALS)
    return approvals(reading, fields, node, Approvals())


def _hide(reading: Reading, node: Node | None) -> tuple[str, ...]:
    items = reading.strings(node, "`hide`")
    names: dict[str, None] = {}
    for item in items:
        name = reading.string(item, "a hidden tool")
        if name is None:
            continue
        if not name or ("*" in name and (name != "*" or len(items) > 1)):
            reading.fail("E017", item, f"`hide` holds exact names, not {quote(name)}", _shown(name))
        names[name] = None
    return tuple(names)


def _shown(name: str) -> str:
    """What to do instead of hiding a name that is none."""
    if not name.strip("*"):
        return 'name each tool, or write ["*"] alone'
    denied = json.dumps({name: {"action": "deny"}}, ensure_ascii=False)
    return f"name each tool, or deny them: {quote(f'{chr(34)}tools{chr(34)}: {denied}', 120)}"


def _tools(reading: Reading, node: Node | None, defaults: Approvals) -> tuple[Entry, ...]:
    if node is None:
        return ()
    if not isinstance(node, ObjectNode):
        reading.wrong(node, "`tools`", "an object", 'such as {"send": {}}, an entry for each name')
        return ()
    members = node.members
    if len(members) > MOST_TOOLS:
        message = f"a policy has at most {MOST_TOOLS} tools, this has {len(members)}"
        reading.fail("E041", members[MOST_TOOLS].key, message)
        return ()
    for member in members:
        if not member.name:
            reading.fail("E017", member.key, "a tool needs a name")
    return tuple(entry(reading, member, defaults) for member in members)
