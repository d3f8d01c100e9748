"""A group of a pattern while it is open, with the flags that hold in it.

Must not know how groups are written.
"""

from dataclasses import dataclass, field

from compiler.regex.tree import Choice, Node, Sequence


@dataclass(frozen=True, slots=True)
class Flags:
    fold: bool = False
    lines: bool = False
    """`(?m)`: `^` and `$` also match at line ends."""
    dot_newline: bool = False


@dataclass(slots=True)
class Group:
    """An open group: the branches that are done and the items of the current one."""

    offset: int
    outer: Flags
    """The flags to go back to when the group closes."""
    branches: list[Node] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)

    def end_branch(self) -> None:
        self.branches.append(self.items[0] if len(self.items) == 1 else Sequence((*self.items,)))
        self.items = []

    def node(self) -> Node:
        self.end_branch()
        return self.branches[0] if len(self.branches) == 1 else Choice((*self.branches,))
