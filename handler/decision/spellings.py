"""Names in a call that a server may take for one that its policy reads.

Must not know rules or verdicts. A policy reads a name as it is written, and many servers do not: to
Go's encoding/json and .NET's web defaults case is nothing, to Go's json/v2 `_` and `-` can be, to
protobuf's JSON `userId` and `user_id` are one field, and a reader of Go's passed over NULs at the
end (CVE-2026-27896, GHSA-q382-vc8q-7jhj). For them `Amount` is `amount`, and a rule that reads
`args.amount` finds nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from compiler.frozen import dataclass
from compiler.policy import Every, Root, Step
from compiler.table.read import Table
from compiler.values import Value

MOST_TOOLS = 2048
"""For how many tools the paths are kept."""


class Variant(NamedTuple):
    """A name of the call, and the one that the policy reads."""

    name: str
    read: str


@dataclass(frozen=True, slots=True)
class Node:
    """Where paths go on from one value."""

    onward: Mapping[Step, "Node"]
    told: Mapping[str, str]
    """The names among the steps, by what is left of them for readers that are not exact."""
    deep: bool
    """Whether any path goes on further than one step."""


class Spellings:
    """The paths of a policy's entries into the arguments."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._of = lru_cache(MOST_TOOLS)(self._node)

    def variant(self, tool: str, arguments: Mapping[str, Value]) -> Variant | None:
        """The first name that a server may take for one that the tool's rules or limits read.

        A name that they read themselves is not one.
        """
        node = self._of(tool)
        return _variant(node, dict(arguments)) if node.onward else None

    def _node(self, tool: str) -> Node:
        entry = self._table.serving(tool)
        indices = set() if entry is None else set(self._paths(entry))
        paths = map(self._table.path, indices)
        return _node([path.steps for path in paths if path.root is Root.ARGS])

    def _paths(self, entry: int) -> Iterator[int]:
        table, row = self._table, self._table.entry(entry)
        for index in (*row.require, *row.deny_if):
            yield from (table.condition(each).path for each in table.rule(index).conditions)
        for index in row.approve_if:
            yield from (table.condition(each).path for each in table.hold(index).conditions)
        for limit in map(table.limit, row.limits):
            yield from limit.per
            if limit.increment_from is not None:
                yield limit.increment_from


def told(name: str) -> str:
    """What is left of a name for the readers that are least exact."""
    return name.rstrip("\0").casefold().replace("_", "").replace("-", "")


def _node(paths: Iterable[tuple[Step, ...]]) -> Node:
    """Of steps that are still to be taken."""
    rests: dict[Step, list[tuple[Step, ...]]] = {}
    for first, *rest in filter(None, paths):
        rests.setdefault(first, []).append(tuple(rest))
    onward = {step: _node(rest) for step, rest in rests.items()}
    names = {told(step): step for step in rests if isinstance(step, str)}
    return Node(onward, names, deep=any(inner.onward for inner in onward.values()))


def _variant(node: Node, value: Value) -> Variant | None:
    if isinstance(value, dict) and node.told:
        for name in value:
            if name not in node.onward and (read := node.told.get(told(name))) is not None:
                return Variant(name, read)
    for inner, each in _inside(node, value) if node.deep else ():
        if (found := _variant(inner, each)) is not None:
            return found
    return None


def _inside(node: Node, value: Value) -> Iterator[tuple[Node, Value]]:
    """The values that paths go on into."""
    for step, inner in node.onward.items():
        if not inner.onward:
            continue
        if isinstance(step, str):
            if isinstance(value, dict) and step in value:
                yield inner, value[step]
        elif isinstance(value, list):
            elements = value if isinstance(step, Every) else value[step : step + 1]
            yield from ((inner, element) for element in elements)
