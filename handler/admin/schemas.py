"""What a JSON Schema says about the value at a path. Pure.

Must not know tools or policies. It follows `properties`, `items`, `prefixItems` and references
inside the schema; where a schema says nothing for sure, neither does this.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compiler.policy import Every, Step

MOST_REFERENCES = 16

ANY: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Said:
    """Whether a value can be there, as far as the schema says, and of which types; empty: any."""

    there: bool | None
    """None: the schema does not say."""
    types: tuple[str, ...] = ()


def said(schema: object, steps: Sequence[Step]) -> Said:
    """What the schema says about the value that the steps lead to."""
    root, at, named = schema, _resolved(schema, schema), False
    for step in steps:
        found = _inside(at, step)
        if found is None:
            return Said(_allows_others(at, step))
        at, named = _resolved(root, found), True
    return Said(True if named else None, _types(at))


def _inside(schema: Mapping[str, Any], step: Step) -> object:
    """The schema of a member or an element, None where none is given."""
    if isinstance(step, str):
        members = schema.get("properties")
        return members.get(step) if isinstance(members, dict) else None
    first = schema.get("prefixItems")
    if isinstance(first, list) and step is not Every.ELEMENT and step < len(first):
        return first[step]
    return schema.get("items")


def _allows_others(schema: Mapping[str, Any], step: Step) -> bool | None:
    """False where an object lists its members and this is none of them."""
    if not isinstance(step, str) or not isinstance(schema.get("properties"), dict):
        return None
    combined = any(key in schema for key in ("anyOf", "oneOf", "allOf", "patternProperties"))
    open_to_others = schema.get("additionalProperties", False) not in (False, None)
    return None if combined or open_to_others else False


def _types(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The types, sorted; a choice between schemas is a choice between their types."""
    choices = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(choices, list):
        kinds = [_types(each) if isinstance(each, dict) else () for each in choices]
        return tuple(sorted({kind for some in kinds for kind in some})) if all(kinds) else ()
    given = schema.get("type")
    if isinstance(given, str):
        return (given,)
    if isinstance(given, list) and all(isinstance(each, str) for each in given):
        return tuple(sorted(given))
    return ()


def _resolved(root: object, schema: object) -> Mapping[str, Any]:
    """The schema that a reference stands for."""
    for _ in range(MOST_REFERENCES):
        if not isinstance(schema, dict):
            return ANY
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        schema = _pointed(root, reference)
    return ANY


def _pointed(root: object, reference: str) -> object:
    """What a JSON pointer into the same schema leads to (RFC 6901)."""
    if not reference.startswith("#"):
        return None
    at = root
    for part in reference[1:].split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        at = at.get(name) if isinstance(at, dict) else None
    return at
