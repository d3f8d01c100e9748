"""A tool's input schema narrowed by what a policy demands: a good agent never asks in vain.

Must not know tables, tools/list or where demands come from; it loads nothing that reads policy
text, so a running gateway can use it. The law: every call that the policy does not deny and that
the schema accepts, the narrowed schema accepts. What JSON Schema cannot say, or says otherwise, is
left out, and so is everything beside a `$ref` or a combination of schemas.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from compiler.policy import Operator
from compiler.values import Value, equal, kind

Schema = Mapping[str, Any]


class Demand(NamedTuple):
    """A condition on an argument that must be true (`require`), or must be false (`deny_if`)."""

    keys: tuple[str, ...]
    operator: Operator
    value: Value
    true: bool


COMBINATIONS = frozenset(
    {"$ref", "$dynamicRef", "$recursiveRef", "oneOf", "anyOf", "allOf", "not", "if"}
)

NEGATIONS = (
    Operator.NEQ, Operator.NOT_IN, Operator.NOT_REGEX, Operator.NOT_CONTAINS,
)  # fmt: skip
"""A missing argument is a mismatch for these."""


OLD_DRAFTS = ("draft-03", "draft-04")
"""In these an exclusive bound is true or false, and `const` is not known."""


def narrow(schema: Schema, demands: Iterable[Demand]) -> dict[str, Any]:
    """The schema with all that the demands add; the one given stays as it is."""
    narrowed = dict(schema)
    if any(draft in str(schema.get("$schema")) for draft in OLD_DRAFTS):
        return narrowed
    for demand in demands:
        narrowed = _along(narrowed, demand.keys, demand)
    return narrowed


def _along(schema: dict[str, Any], keys: Sequence[str], demand: Demand) -> dict[str, Any]:
    """The schema with the demand on the property that the keys lead to, if each is declared."""
    properties = schema.get("properties")
    if not COMBINATIONS.isdisjoint(schema) or not isinstance(properties, dict):
        return schema
    key, *rest = keys
    inner = properties.get(key)
    if not isinstance(inner, dict):
        return schema
    deeper = _along(inner, rest, demand) if rest else _at(inner, demand)
    narrowed = {**schema, "properties": {**properties, key: deeper}}
    return _with_required(narrowed, key) if _needs_presence(demand) else narrowed


def _needs_presence(demand: Demand) -> bool:
    """Whether a call without the argument is denied."""
    if demand.operator is Operator.EXISTS:
        return demand.value is demand.true
    return demand.true or demand.operator in NEGATIONS


def _with_required(schema: dict[str, Any], key: str) -> dict[str, Any]:
    required = schema.get("required", [])
    if not isinstance(required, list) or key in required:
        return schema
    return {**schema, "required": [*required, key]}


def _at(schema: dict[str, Any], demand: Demand) -> dict[str, Any]:
    """The schema of the argument itself."""
    change = CHANGES.get((demand.operator, demand.true))
    if change is None or not COMBINATIONS.isdisjoint(schema):
        return schema
    return {**schema, **change(schema, demand.value)}


Change = Callable[[Schema, Value], dict[str, Any]]


def _bound(keyword: str, tighter: Callable[[Any, Any], Any], opposite: str) -> Change:
    """A bound on numbers. In old drafts `exclusive…` is true or false: such schemas are left."""

    def change(schema: Schema, value: Value) -> dict[str, Any]:
        here = schema.get(keyword, value)
        beside = schema.get(opposite, 0)
        if not all(kind(one) == "number" for one in (value, here, beside)):
            return {}
        return {keyword: tighter(here, value)}

    return change


AT_MOST = _bound("maximum", min, "exclusiveMaximum")
BELOW = _bound("exclusiveMaximum", min, "maximum")
AT_LEAST = _bound("minimum", max, "exclusiveMinimum")
ABOVE = _bound("exclusiveMinimum", max, "minimum")

SIZES = {"string": "Length", "array": "Items"}


def _size(prefix: str, tighter: Callable[[int, int], int], shift: int = 0) -> Change:
    """A bound on the lengths of what may stand there: texts, lists or both."""

    def change(schema: Schema, value: Value) -> dict[str, Any]:
        assert isinstance(value, int)
        size = value + shift
        found = {}
        for name, word in SIZES.items():
            here = schema.get(prefix + word, size)
            if _may_be(schema, name) and type(here) is int and size >= 0:
                found[prefix + word] = tighter(here, size)
        return found

    return change


def _may_be(schema: Schema, name: str) -> bool:
    types = schema.get("type", name)
    return name in types if isinstance(types, list) else bool(types == name)


def _equals(schema: Schema, value: Value) -> dict[str, Any]:
    if "enum" in schema:
        return _among(schema, [value])
    return {} if "const" in schema else {"const": value}


def _among(schema: Schema, value: Value) -> dict[str, Any]:
    """One of the listed values; of an enumeration those that are listed."""
    assert isinstance(value, list)
    if "enum" not in schema:
        return {"enum": value} if value and "const" not in schema else {}
    return _kept(schema, lambda one: any(equal(one, each) for each in value))


def _differs(schema: Schema, value: Value) -> dict[str, Any]:
    return _none_of(schema, [value])


def _none_of(schema: Schema, value: Value) -> dict[str, Any]:
    """Of an enumeration those that the policy compares with the values and finds different."""
    assert isinstance(value, list)
    kinds = set(map(kind, value))
    return _kept(
        schema, lambda one: kind(one) in kinds and not any(equal(one, each) for each in value)
    )


def _kept(schema: Schema, keep: Callable[[Value], bool]) -> dict[str, Any]:
    """The enumeration without some; an empty one would be no schema, and is left as it is."""
    listed = schema.get("enum")
    kept = [one for one in listed if keep(one)] if isinstance(listed, list) else []
    return {"enum": kept} if kept else {}


def _pattern(form: str, quoted: bool) -> Change:
    def change(schema: Schema, value: Value) -> dict[str, Any]:
        if not isinstance(value, str) or "pattern" in schema or not _may_be(schema, "string"):
            return {}
        text = form.format(_quoted(value)) if quoted else value
        return {"pattern": text} if reads_alike(text) else {}

    return change


SYNTAX = re.compile(r"[\^$\\.*+?()\[\]{}|]")


def _quoted(text: str) -> str:
    return SYNTAX.sub(lambda found: f"\\{found[0]}", text)


PLAIN = r"[A-Za-z0-9 _@:/,;=!#%&~<>'\"-]"
ESCAPED = r"\\[\^$\\.*+?()\[\]{}|/dw]"
MEMBER = rf"(?:[A-Za-z0-9 _@:/,;=!#%.]|{ESCAPED})"
CLASS = rf"\[(?:[A-Za-z0-9]-[A-Za-z0-9]|{MEMBER})+-?\]"
COUNT = r"(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??"
ALIKE = re.compile(rf"(?:(?:{PLAIN}|{ESCAPED}|{CLASS}|\))(?:{COUNT})?|\((?:\?:)?|\||\^|\$)*+")


def reads_alike(pattern: str) -> bool:
    r"""Whether a pattern that RE2 takes means the same in ECMA-262, with and without its flag `u`.

    Only ASCII. Left out: `.`, `\s` and negated classes (they differ in line ends, spaces and half
    characters), `\b`, flags, names and Unicode classes.
    """
    return ALIKE.fullmatch(pattern) is not None


CHANGES: dict[tuple[Operator, bool], Change] = {
    (Operator.LT, True): BELOW,
    (Operator.LTE, True): AT_MOST,
    (Operator.GT, True): ABOVE,
    (Operator.GTE, True): AT_LEAST,
    (Operator.GT, False): AT_MOST,
    (Operator.GTE, False): BELOW,
    (Operator.LT, False): AT_LEAST,
    (Operator.LTE, False): ABOVE,
    (Operator.EQ, True): _equals,
    (Operator.NEQ, False): _equals,
    (Operator.IN, True): _among,
    (Operator.NOT_IN, False): _among,
    (Operator.EQ, False): _differs,
    (Operator.NEQ, True): _differs,
    (Operator.IN, False): _none_of,
    (Operator.NOT_IN, True): _none_of,
    (Operator.REGEX, True): _pattern("{}", quoted=False),
    (Operator.NOT_REGEX, False): _pattern("{}", quoted=False),
    (Operator.STARTS_WITH, True): _pattern("^{}", quoted=True),
    (Operator.ENDS_WITH, True): _pattern("{}$", quoted=True),
    (Operator.CONTAINS, True): _pattern("{}", quoted=True),
    (Operator.NOT_CONTAINS, False): _pattern("{}", quoted=True),
    (Operator.LENGTH_LTE, True): _size("max", min),
    (Operator.LENGTH_GTE, True): _size("min", max),
    (Operator.LENGTH_GTE, False): _size("max", min, shift=-1),
    (Operator.LENGTH_LTE, False): _size("min", max, shift=1),
}
"""What a demand adds to the argument's schema. The rest adds at most that it must be there."""
