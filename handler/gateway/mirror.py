"""Arguments that a tool's schema repeats in headers: `x-mcp-header` and `Mcp-Param-*`. Pure.

Source: 2026-07-28, basic/transports, custom headers from tool parameters. A definition is a tool's
canonical text, or None where what the tool is has never been seen: then each header must at least
say what some argument says.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from compiler.values import Value, read_number
from handler.gateway.head import PARAM_PREFIX, decode, encode

ANNOTATION = "x-mcp-header"
TYPES = ("integer", "string", "boolean")

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def headers(definition: str | None, arguments: Mapping[str, Value]) -> dict[str, str]:
    """The headers that a call with these arguments carries."""
    found = {}
    for name, path in _annotated(definition).items():
        if (text := _spelled(_at(arguments, path))) is not None:
            found[name] = encode(text)
    return found


def contradicted(
    definition: str, arguments: Mapping[str, Value], given: Mapping[str, str]
) -> str | None:
    """The first of these headers that says something else than its argument, or None.

    Headers that the definition does not know say nothing about an argument of its own.
    """
    paths = _annotated(definition)
    for name, value in given.items():
        if name in paths and not says(decode(value), _at(arguments, paths[name])):
            return name
    return None


def unsaid(arguments: Value, given: Mapping[str, str]) -> str | None:
    """The first of these headers that says what no argument says, or None.

    Each argument is looked at once, however many headers there are: nobody is known by then.
    """
    scalars = list(_scalars(arguments))
    texts = {_spelled(each) for each in scalars if isinstance(each, bool | str)}
    numbers = {each for each in scalars if not isinstance(each, bool | str | None)}
    for name, value in given.items():
        text = decode(value)
        if text is None or (text not in texts and read_number(text) not in numbers):
            return name
    return None


def says(text: str | None, value: Value) -> bool:
    """Whether a decoded header says this value. Numbers are compared as numbers."""
    if text is None or value is None or isinstance(value, dict | list):
        return False
    if isinstance(value, bool | str):
        return text == _spelled(value)
    return read_number(text) == value


def _scalars(value: Value) -> Iterator[Value]:
    """The scalars in a value, at any depth."""
    if isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _scalars(member)
    else:
        yield value


def _annotated(definition: str | None) -> dict[str, tuple[str, ...]]:
    """Header -> the path of its argument; nothing where the definition is not a good one."""
    try:
        tool = json.loads(definition or "{}")
    except ValueError:  # only its digest is kept, or the name stands for several tools
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for path, schema in _properties(_member(tool, "inputSchema"), ()):
        name = schema.get(ANNOTATION)
        if name is None:
            continue
        if not isinstance(name, str) or not _TOKEN.fullmatch(name):
            return {}
        header = PARAM_PREFIX + name.lower()
        if header in found or schema.get("type") not in TYPES:
            return {}
        found[header] = path
    return found


def _properties(
    schema: dict[str, Any], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every property that is reached through `properties` alone."""
    for key in _member(schema, "properties"):
        inner = _member(_member(schema, "properties"), key)
        yield (*path, key), inner
        yield from _properties(inner, (*path, key))


def _member(value: object, name: str) -> dict[str, Any]:
    member = value.get(name) if isinstance(value, dict) else None
    return member if isinstance(member, dict) else {}


def _at(arguments: Mapping[str, Value], path: tuple[str, ...]) -> Value:
    value: Value = dict(arguments)
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _spelled(value: Value) -> str | None:
    """How a header spells a scalar."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None if value is None or isinstance(value, dict | list) else str(value)
