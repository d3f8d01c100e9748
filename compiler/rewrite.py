"""A policy.json as text that can be changed in places, everything else left as it was written.

Must not know whether a change is wanted, nor what it does to decisions: `fix` does. Places come
from the warnings of `check`; all offsets are in code points of the text.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile

from compiler.check import check
from compiler.diagnostics import Diagnostic, Report
from compiler.parse import parse
from compiler.policy import Policy
from compiler.source import ListNode, Member, Node, ObjectNode, Source, decode, read

UNREACHED, PROMISED = "W103", "W106"

Parts = tuple[Node, list[int], list[int]]
"""A list or an object, and where its parts start and end."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Text that replaces that from `start` up to `end`; offsets in code points."""

    start: int
    end: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A policy's text with all that is known of it."""

    text: str
    source: Source
    root: ObjectNode
    policy: Policy
    warnings: tuple[Diagnostic, ...]

    @classmethod
    def of(cls, text: str) -> "Document | None":
        """None where the text has errors: those are mended by hand."""
        parsed = parse(text)
        report = Report()
        source = decode(text.encode(), report)
        root = read(source, report) if source else None
        if parsed.policy is None or source is None or not isinstance(root, ObjectNode):
            return None
        return cls(text, source, root, parsed.policy, check(parsed.policy))

    def removable(self) -> list[Diagnostic]:
        """The warnings on what can be taken out.

        What stands after a denial that was meant as an approval is wanted yet.
        """
        promised = self._places(PROMISED).keys()
        parts = {start for _, starts, _ in self._containers() for start in starts}
        for entry in self._entries():
            inside = {start for _, starts, _ in _lists(entry) for start in starts}
            if not promised.isdisjoint(inside | {member.node.start for member in entry.members}):
                parts -= inside
        return [one for at, one in self._places(UNREACHED).items() if at in parts]

    def without(self, warnings: Iterable[Diagnostic]) -> str:
        """The text without what the warnings are on."""
        gone = {self._offset(one) for one in warnings}
        edits: list[Edit] = []
        for node, starts, ends in self._containers():
            if gone.intersection(starts):
                edits += _removals(node, starts, ends, gone)
        return edited(self.text, edits)

    def held(self) -> Iterator[tuple[Diagnostic, list[Edit]]]:
        """For each entry its first permanent deny that speaks of approval, and how it is turned."""
        promised = self._places(PROMISED)
        for entry in self._entries():
            members = {member.name: member for member in entry.members}
            action, denied = members.get("action"), members.get("deny_if")
            if action is not None and action.node.start in promised:
                edit = Edit(action.node.start, action.node.end, '"require_approval"')
                yield promised[action.node.start], [edit]
            elif denied is not None and isinstance(denied.node, ListNode):
                for item in denied.node.items:
                    if item.start in promised and isinstance(item, ObjectNode):
                        yield promised[item.start], self._turned(members, denied, item)
                        break

    def _turned(self, members: dict[str, Member], denied: Member, item: ObjectNode) -> list[Edit]:
        """Move a rule from `deny_if` to `approve_if`, its `on_deny` now the `reason`."""
        renamed = [
            Edit(one.key.start, one.key.end, '"reason"')
            for one in item.members
            if one.name == "on_deny"
        ]
        assert isinstance(denied.node, ListNode)
        held = members.get("approve_if")
        if held is None and len(denied.node.items) == 1:
            return [Edit(denied.key.start, denied.key.end, '"approve_if"'), *renamed]
        shifted = [Edit(one.start - item.start, one.end - item.start, one.text) for one in renamed]
        rule = edited(self.text[item.start : item.end], shifted)
        starts, ends = places(denied.node)
        gone = _removals(denied.node, starts, ends, {item.start})
        if held is None:
            new = f'"approve_if": [{rule}],{self._gap(denied)}'
            return [Edit(denied.key.start, denied.key.start, new), *gone]
        assert isinstance(held.node, ListNode)
        comma = ", " if held.node.items else ""
        end = held.node.items[-1].end if held.node.items else held.node.start + 1
        return [Edit(end, end, comma + rule), *gone]

    def _gap(self, member: Member) -> str:
        """What stands between two members here: a new line and its indent, or a space."""
        line = self.text.rfind("\n", 0, member.key.start) + 1
        before = self.text[line : member.key.start]
        return f"\n{before}" if line and not before.strip() else " "

    def _places(self, code: str) -> dict[int, Diagnostic]:
        """The warnings with a code, by what they are on."""
        return {self._offset(one): one for one in self.warnings if one.code == code}

    def _offset(self, warning: Diagnostic) -> int:
        return self.source.lines[warning.span.line - 1] + warning.span.column - 1

    def _entries(self) -> Iterator[ObjectNode]:
        """`all_tools` and the members of `tools`."""
        for member in self.root.members:
            if member.name == "all_tools" and isinstance(member.node, ObjectNode):
                yield member.node
            if member.name == "tools" and isinstance(member.node, ObjectNode):
                yield from (
                    one.node for one in member.node.members if isinstance(one.node, ObjectNode)
                )

    def _containers(self) -> Iterator[Parts]:
        """Lists of rules, and `tools`."""
        for member in self.root.members:
            if member.name == "tools" and isinstance(member.node, ObjectNode):
                yield member.node, *places(member.node)
        for entry in self._entries():
            yield from _lists(entry)


def _lists(entry: ObjectNode) -> Iterator[Parts]:
    """The lists of an entry's rules."""
    for member in entry.members:
        if isinstance(member.node, ListNode):
            yield member.node, *places(member.node)


def places(node: ListNode | ObjectNode) -> tuple[list[int], list[int]]:
    if isinstance(node, ListNode):
        return [one.start for one in node.items], [one.end for one in node.items]
    return [one.key.start for one in node.members], [one.node.end for one in node.members]


def _removals(node: Node, starts: list[int], ends: list[int], gone: set[int]) -> list[Edit]:
    """Take parts out of a list or an object, each with the comma before or after it."""
    if gone.issuperset(starts):
        return [Edit(node.start + 1, node.end - 1)]
    leading = len(list(takewhile(gone.__contains__, starts)))
    edits = [Edit(starts[0], starts[leading])] if leading else []
    edits += [
        Edit(ends[index - 1], ends[index])
        for index in range(leading + 1, len(starts))
        if starts[index] in gone
    ]
    return edits


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made; they do not overlap."""
    parts, at = list[str](), 0
    for edit in sorted(edits, key=lambda one: one.start):
        parts += (text[at : edit.start], edit.text)
        at = edit.end
    return "".join((*parts, text[at:]))
