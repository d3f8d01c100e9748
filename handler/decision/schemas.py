"""Input schemas for tools/list, narrowed by the rules of the decision table.

Must not know policy text or MCP messages. Only rules that hold for every call count: conditions of
`require`, and `deny_if` with a single condition; never `approve_if`, since what a person may
approve must stay possible to ask for.
"""

import json
from collections.abc import Iterator
from typing import Any

from compiler.narrow import Demand, Schema, narrow
from compiler.policy import Root
from compiler.table.read import Table


def narrowed(table: Table, tool: str, schema: Schema) -> dict[str, Any]:
    """The tool's `inputSchema` with what its calls must be like. The one given stays as it is."""
    entry = table.serving(tool)
    return narrow(schema, _demands(table, entry)) if entry is not None else dict(schema)


def _demands(table: Table, entry: int) -> Iterator[Demand]:
    """Conditions on plain paths into the arguments that each decide by themselves."""
    row = table.entry(entry)
    for index in row.require:
        for condition in table.rule(index).conditions:
            yield from _demand(table, condition, true=True)
    for index in row.deny_if:
        conditions = table.rule(index).conditions
        if len(conditions) == 1:
            yield from _demand(table, conditions[0], true=False)


def _demand(table: Table, index: int, true: bool) -> Iterator[Demand]:
    condition = table.condition(index)
    path = table.path(condition.path)
    keys = tuple(step for step in path.steps if isinstance(step, str))
    if path.root is Root.ARGS and len(keys) == len(path.steps):
        yield Demand(keys, condition.operator, json.loads(table.value(condition.value)), true)
