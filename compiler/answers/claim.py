"""The text of a claim to its conditions: `create_charge where args.amount > 500 without approval`.

Must not know policies. A claim names what must never happen:

    TOOL [where COND {and COND}] [without approval]
    COND  = PATH OP VALUE | PATH exists | PATH missing
    OP    = an operator of the language, or = == != < <= > >=
    VALUE = a JSON value

TOOL is a tool's name or a glob; a name with spaces is written as a JSON string. Conditions are read
by the compiler itself, so that they mean what they mean in a policy.
"""

import json
import re
from dataclasses import dataclass

from compiler.parse import parse
from compiler.policy import Condition

SYMBOLS = {"=": "eq", "==": "eq", "!=": "neq", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
PRESENCE = {"exists": "true", "missing": "false"}
"""Words after a path that need no value, and the value of `exists` they stand for."""

NAME = re.compile(r'\s*(?:"(?:[^"\\]|\\.)*"|[^\s"]+)')
WHERE = re.compile(r"\s+where\s+")
AND = re.compile(r"\s+and\s+")
WITHOUT = re.compile(r"\s+without\s+approval\s*\Z")
END = re.compile(r"\s*\Z")
PATH = re.compile(r'[a-z]+(?:\.[^.\[\]"\'*\s<>=!]+|\[(?:[0-9]+|\*|"(?:[^"\\]|\\.)*")\])+')
OPERATOR = re.compile(r"\s*([<>=!]+|[a-z_]+)")


class ClaimError(ValueError):
    """The text is no claim. The text of the error says where and what to write."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Calls that must never be admitted, or never without approval."""

    text: str
    tool: str
    conditions: tuple[Condition, ...]
    without_approval: bool


def parse_claim(text: str) -> Claim:
    """The claim a text makes. Raises `ClaimError`."""
    name = NAME.match(text)
    if name is None:
        raise ClaimError("a claim starts with a tool: `create_charge where args.amount > 500`")
    tool, at, written = _tool(name[0].strip()), name.end(), list[str]()
    found = WHERE.match(text, at)
    while found:
        condition, at = _condition(text, found.end())
        written.append(condition)
        found = AND.match(text, at)
    without = WITHOUT.match(text, at)
    if not without and not END.match(text, at):
        wanted = "`and`, `without approval` or the end" if written else "`where`"
        raise ClaimError(f"expected {wanted} at `{text[at:].strip()[:40]}`")
    return Claim(text.strip(), tool, _read(written), bool(without))


def _tool(word: str) -> str:
    if not word.startswith('"'):
        return word
    try:
        return str(json.loads(word))
    except ValueError:
        raise ClaimError(f"the tool {word} is no JSON string") from None


def _condition(text: str, at: int) -> tuple[str, int]:
    """A condition as a policy writes it, and where it ends."""
    path = PATH.match(text, at)
    if path is None:
        raise ClaimError(f"expected a path such as `args.amount` at `{text[at:][:40]}`")
    operator = OPERATOR.match(text, path.end())
    if operator is None:
        raise ClaimError(f"expected an operator after `{path[0]}`")
    word, at = operator[1], operator.end()
    value = PRESENCE.get(word)
    if value is None or re.match(r"\s+(?:true|false)\b", text[at:]):
        value, at = _value(text, at, word)
    op = SYMBOLS.get(word, "exists" if word in PRESENCE else word)
    return f'{{"path": {json.dumps(path[0])}, "op": {json.dumps(op)}, "value": {value}}}', at


def _value(text: str, at: int, operator: str) -> tuple[str, int]:
    """The JSON value from here on as it is written, and where it ends."""
    start = at + len(text[at:]) - len(text[at:].lstrip())
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        advice = 'a text stands in double quotes: "usd"'
        raise ClaimError(f"expected a JSON value after `{operator}`; {advice}") from None
    return text[start:end], end


def _read(written: list[str]) -> tuple[Condition, ...]:
    conditions = f'[{{"conditions": [{", ".join(written)}]}}]'
    parsed = parse(
        f'{{"version": "1", "default": "allow", "all_tools": {{"require": {conditions}}}}}'
    )
    if parsed.policy is None:
        first = parsed.diagnostics[0]
        raise ClaimError("; ".join(filter(None, (first.message, first.help))))
    return parsed.policy.all_tools.require[0].conditions
