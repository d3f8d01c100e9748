"""The names of operators: the known ones, and what people write instead.

Must not know paths or values.
"""

from compiler.diagnostics import quote
from compiler.parse.fields import Reading
from compiler.parse.shapes import did_you_mean, snake
from compiler.policy import Operator
from compiler.source import Node

OPERATORS = {operator.value: operator for operator in Operator}

ALIASES = {
    "=": "eq", "==": "eq", "===": "eq", "equals": "eq", "equal": "eq", "is": "eq",
    "!=": "neq", "!==": "neq", "<>": "neq", "ne": "neq", "not_eq": "neq", "not_equals": "neq",
    "is_not": "neq", "<": "lt", "less_than": "lt", "below": "lt", "<=": "lte", "le": "lte",
    "at_most": "lte", ">": "gt", "greater_than": "gt", "above": "gt", ">=": "gte", "ge": "gte",
    "at_least": "gte", "nin": "not_in", "one_of": "in", "any_of": "in", "none_of": "not_in",
    "matches": "regex", "match": "regex", "pattern": "regex", "like": "regex",
    "includes": "contains", "does_not_contain": "not_contains", "begins_with": "starts_with",
    "max_length": "length_lte", "min_length": "length_gte", "is_set": "exists",
}  # fmt: skip
"""What people write who know the operators from elsewhere, in snake case."""

OTHERWISE = {
    **dict.fromkeys(
        ("not_exists", "missing", "absent", "is_null", "is_missing"), "write `exists` with false"
    ),
    "between": "write two conditions, `gte` and `lte`",
    "length": "write `length_lte` or `length_gte`",
}
"""What takes another value or another condition too."""


def operator_of(reading: Reading, node: Node) -> Operator | None:
    """The operator a string names; an unknown one is reported."""
    text = reading.string(node, "`op`", 'such as "gt"')
    if text is None or text in OPERATORS:
        return OPERATORS[text] if text else None
    plain = snake(text.removeprefix("$"))
    alias = ALIASES.get(plain)
    advice = f"did you mean `{alias}`?" if alias else did_you_mean(plain, OPERATORS)
    reading.fail("E021", node, f"unknown operator {quote(text)}", OTHERWISE.get(plain, advice))
    return None
