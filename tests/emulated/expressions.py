"""Reads DynamoDB's expressions, to refuse what DynamoDB refuses and emulators do not."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

CLAUSE = re.compile(r"\b(SET|REMOVE|ADD|DELETE)\b")
TARGET = re.compile(r"\s*([#\w.]+)")


def written_paths(request: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The paths that an update writes, each as its steps with placeholders resolved."""
    names = request.get("ExpressionAttributeNames", {})
    found = []
    _, *clauses = CLAUSE.split(request["UpdateExpression"])
    for text in clauses[1::2]:
        for part in top_level_parts(text):
            target = TARGET.match(part)
            assert target, f"unreadable part `{part}`"
            found.append(tuple(names.get(step, step) for step in target[1].split(".")))
    return found


def top_level_parts(text: str) -> Iterator[str]:
    """Split at commas outside parentheses."""
    depth, start = 0, 0
    for place, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            yield text[start:place]
            start = place + 1
    yield text[start:]


def overlap(request: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Two written paths of which one is the other or lies below it."""
    for one, other in combinations(written_paths(request), 2):
        shorter = min(len(one), len(other))
        if one[:shorter] == other[:shorter]:
            return one, other
    return None


def unused_placeholders(request: Mapping[str, Any]) -> set[str]:
    """Placeholders that no expression names: DynamoDB refuses those too."""
    text = f"{request.get('UpdateExpression', '')} {request.get('ConditionExpression', '')}"
    used = set(re.findall(r"[#:]\w+", text))
    given = {*request.get("ExpressionAttributeNames", {})}
    given |= {*request.get("ExpressionAttributeValues", {})}
    return given ^ used


def updates(operation: str, body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The updates within one request."""
    if operation == "UpdateItem":
        return [body]
    if operation == "TransactWriteItems":
        return [action["Update"] for action in body["TransactItems"] if "Update" in action]
    return []
