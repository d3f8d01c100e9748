"""The nodes of a JSON text: values that know where they stand.

Must not know text or how it is read. Offsets are in code points.
"""

from typing import NamedTuple, TypeAlias

from compiler.values import Value


class Scalar(NamedTuple):
    """A string, number, boolean or null, from offset `start` up to `end`."""

    start: int
    end: int
    value: str | int | float | bool | None
    known: bool = True
    """False: it could not be read, which is told already, and the value is a guess."""


class Member(NamedTuple):
    """One key of an object and what it holds."""

    key: Scalar
    name: str
    node: "Node"


class ObjectNode(NamedTuple):
    """An object, its members as written."""

    start: int
    end: int
    members: list[Member]


class ListNode(NamedTuple):
    """A list."""

    start: int
    end: int
    items: list["Node"]


Node: TypeAlias = Scalar | ObjectNode | ListNode


def plain(node: Node) -> Value:
    """The value a node stands for."""
    if isinstance(node, ObjectNode):
        return {member.name: plain(member.node) for member in node.members}
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    return node.value
