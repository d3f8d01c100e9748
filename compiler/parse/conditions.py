"""Conditions: path, operator and a literal that the operator can compare with.

Must not know rules, nor what a condition answers.
"""

import json

from compiler import regex
from compiler.diagnostics import quote
from compiler.parse.fields import Reading, kind_word, number_advice
from compiler.parse.operators import operator_of
from compiler.parse.shapes import Shape
from compiler.paths import PathError, fixed_kind, has_every, parse_path
from compiler.policy import (
    CONTAINMENTS,
    LENGTHS,
    MEMBERSHIPS,
    PATTERNS,
    Condition,
    Operator,
    Path,
)
from compiler.source import ListNode, Node, Scalar, plain
from compiler.values import Value, kind

JUNCTIONS = {
    **dict.fromkeys(("and", "all", "all_of"), "the conditions of one rule must all be true anyway"),
    **dict.fromkeys(
        ("or", "any", "any_of"),
        "any rule of `deny_if` or `approve_if` is enough: write one for each; `require` has `in`",
    ),
    "not": "take the opposite operator, such as `neq`, `not_in` or `exists` with false",
}
"""What to do instead of joining conditions by words."""

CONDITION = Shape(
    "a condition",
    ("path", "op", "value"),
    needed=("path", "op", "value"),
    form='{"path": "args.amount", "op": "gt", "value": 500}',
    remarks=JUNCTIONS,
)

LITERALS: dict[Operator, tuple[str, ...]] = {
    Operator.LT: ("number", "string"),
    Operator.LTE: ("number", "string"),
    Operator.GT: ("number", "string"),
    Operator.GTE: ("number", "string"),
    Operator.IN: ("array",),
    Operator.NOT_IN: ("array",),
    Operator.EXISTS: ("boolean",),
    Operator.REGEX: ("string",),
    Operator.NOT_REGEX: ("string",),
    Operator.STARTS_WITH: ("string",),
    Operator.ENDS_WITH: ("string",),
    Operator.LENGTH_LTE: ("number",),
    Operator.LENGTH_GTE: ("number",),
}
"""The kinds of literal an operator takes, where it does not take them all."""

WORDS = {
    ("number", "string"): "a number or a string",
    ("array",): "a list",
    ("boolean",): "true or false",
    ("string",): "a string",
    ("number",): "a whole number of at least 0",
}


def conditions(reading: Reading, node: Node | None) -> tuple[Condition, ...]:
    """A rule's conditions as written; those that do not parse are reported and left out."""
    read = [_condition(reading, item) for item in reading.objects(node, "`conditions`")]
    return tuple(one for one in read if one is not None)


def _condition(reading: Reading, node: Node) -> Condition | None:
    fields = reading.object(node, CONDITION)
    path = path_of(reading, fields["path"]) if "path" in fields else None
    operator = operator_of(reading, fields["op"]) if "op" in fields else None
    if not CONDITION.is_whole(fields) or path is None or operator is None:
        return None
    literal = fields["value"]
    if not (_fits(reading, operator, literal) and _meets(reading, path, operator, literal)):
        return None
    return Condition(path, operator, plain(literal), reading.span(node))


def path_of(reading: Reading, node: Node, single: str = "") -> Path | None:
    """The path a string spells. `single` names what needs one value, so that `[*]` is refused."""
    text = reading.string(node, "a path", 'such as "args.amount"')
    if text is None:
        return None
    try:
        path = parse_path(text)
    except PathError as error:
        at = f" at {quote(text[error.offset :], 20)}" if error.offset else ""
        reading.fail("E020", node, f"{error.message}: {quote(text)}{at}", error.help)
        return None
    if single and has_every(path):
        reading.fail("E024", node, f"{single} needs one value, and `[*]` reads several")
        return None
    return path


def _fits(reading: Reading, operator: Operator, node: Node) -> bool:
    """Whether the operator can compare with the literal at all."""
    literal = None if isinstance(node, ListNode) else plain(node)
    wanted = LITERALS.get(operator)
    if wanted and ("array" if isinstance(node, ListNode) else kind(literal)) not in wanted:
        message = f"`{operator}` compares with {WORDS[wanted]}, not with {kind_word(node)}"
        reading.fail("E022", node, message, _literal_advice(operator, node))
        return False
    if operator in LENGTHS and not (isinstance(literal, int) and literal >= 0):
        reading.fail("E022", node, f"`{operator}` compares with {WORDS['number',]}")
        return False
    return operator not in PATTERNS or _compiles(reading, node, str(literal))


def _literal_advice(operator: Operator, node: Node) -> str:
    """What may be meant by a literal of the wrong kind; may be empty."""
    value = node.value if isinstance(node, Scalar) else None
    if operator in MEMBERSHIPS and isinstance(value, str):
        parts = [part.strip() for part in value.split(",")]
        return f"write {quote(json.dumps(parts, ensure_ascii=False), 80)}"
    if operator is Operator.EXISTS and isinstance(value, str):
        return f"write {value.lower()}, without quotes" if value.lower() in BOOLEANS else ""
    return number_advice(node) if operator in LENGTHS else ""


BOOLEANS = ("true", "false")

MOST_EFFORT = 20_000_000
"""For all patterns of a policy together: some seconds."""
TOGETHER = regex.PatternError(
    "the patterns of this policy are too large together; use fewer or simpler ones"
)


def _tried(reading: Reading, pattern: str) -> regex.PatternError | None:
    """Why a pattern cannot be used, if it cannot."""
    if reading.effort.spent > MOST_EFFORT:
        return TOGETHER
    try:
        regex.compile(pattern, reading.effort)
    except regex.PatternError as error:
        return error
    return None


def _compiles(reading: Reading, node: Node, pattern: str) -> bool:
    if pattern not in reading.patterns:
        reading.patterns[pattern] = _tried(reading, pattern)
    refused = reading.patterns[pattern]
    if refused is None:
        return True
    at = f" at {quote(pattern[refused.offset :], 20)}" if 0 < refused.offset < len(pattern) else ""
    message, _, advice = refused.message.partition("; ")
    reading.fail("E023", node, f"{message}{at}", advice or "patterns are in RE2 syntax")
    return False


RANGES = {"hour": (0, 23), "weekday": (1, 7)}
FILLED_IN = {
    "time.hour": "write the hour, from 0 to 23; all times are UTC",
    "time.weekday": "Monday is 1, Sunday 7; all times are UTC",
    "grant.tags": "write `contains` with one tag",
}


def _meets(reading: Reading, path: Path, operator: Operator, node: Node) -> bool:
    """Whether what we fill in ourselves (`grant`, `time`) can ever meet the literal."""
    read = fixed_kind(path)
    if read is None or operator is Operator.EXISTS:
        return True
    if read not in _comparable(operator, plain(node)):
        message = f"`{operator}` cannot compare `{path.text}`, which is {KINDS[read]}, with this"
        reading.fail("E022", node, message, FILLED_IN.get(path.text, ""))
        return False
    if path.steps[-1] not in RANGES:
        return True
    low, high = RANGES[str(path.steps[-1])]
    scalars = node.items if isinstance(node, ListNode) else [node]
    for one in scalars:
        number = one.value if isinstance(one, Scalar) else None
        if not isinstance(number, int) or isinstance(number, bool) or not low <= number <= high:
            message = f"`{path.text}` is a whole number from {low} to {high}"
            reading.fail("E022", one, message, FILLED_IN[path.text])
            return False
    return True


KINDS = {"string": "a string", "number": "a number", "array": "a list of strings"}


def _comparable(operator: Operator, literal: Value) -> tuple[str, ...]:
    """The kinds of value that the operator compares with this literal."""
    if operator in LENGTHS:
        return ("string", "array")
    if operator in (*PATTERNS, Operator.STARTS_WITH, Operator.ENDS_WITH):
        return ("string",)
    if operator in CONTAINMENTS:
        return ("string", "array") if isinstance(literal, str) else ()
    if operator in MEMBERSHIPS and isinstance(literal, list):
        return tuple(map(kind, literal))
    return (kind(literal),)
