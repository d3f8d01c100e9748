"""Decides requests by an IAM policy's text, as AWS does for DynamoDB; no more than ours need.

The emulator knows neither the keys nor the attributes of a write as conditions, so what policies
say of them is decided here, on requests that the stores really send. Sources: "IAM policy
evaluation logic" and "Condition keys for DynamoDB" in AWS's documentation.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tests.emulated.template import template

ACTIONS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}
TABLE_MEMBERS = ("TableName", "Key", "Item")


@dataclass(frozen=True)
class Asked:
    """One action on one item, as IAM sees it: a transaction is several."""

    action: str
    table: str
    """The table's logical id, followed by `/index` where one of its indexes is asked."""
    keys: frozenset[str]
    attributes: frozenset[str]


def asked(operation: str, body: Mapping[str, Any], tables: Mapping[str, str]) -> Iterator[Asked]:
    """What one request asks. `tables` leads from names to logical ids."""
    if operation == "TransactWriteItems":
        for member in body["TransactItems"]:
            ((kind, write),) = member.items()
            yield from asked(ACTIONS[kind], write, tables)
    elif operation == "BatchGetItem":
        for name, read in body["RequestItems"].items():
            keys = frozenset(key["pk"]["S"] for key in read["Keys"])
            yield Asked("dynamodb:BatchGetItem", tables[name], keys, frozenset())
    else:
        item = body.get("Key") or body.get("Item") or {}
        keys = frozenset([item["pk"]["S"]] if "pk" in item else ())
        named = {*body.get("Item", {}), *body.get("Key", {})} | set(_expressed(body))
        table = tables[body["TableName"]] + ("/index" if "IndexName" in body else "")
        yield Asked(f"dynamodb:{operation}", table, keys, frozenset(named))


def _expressed(body: Mapping[str, Any]) -> Iterator[str]:
    """Top-level attributes that a write's expressions name, conditions included."""
    names = body.get("ExpressionAttributeNames", {})
    for member in ("UpdateExpression", "ConditionExpression"):
        for path in re.findall(r"(?<![\w:.#])#\w+(?:\.#\w+)*", body.get(member, "")):
            yield names[path.split(".")[0]]


def allows(policy: Mapping[str, Any], request: Asked) -> bool:
    """Whether some statement of a plain deployment allows it; ours deny nothing."""
    plain = (statement for statement in policy["Statement"] if "Fn::If" not in statement)
    return any(_matches(statement, request) for statement in plain)


def _matches(statement: Mapping[str, Any], request: Asked) -> bool:
    return (
        request.action in _many(statement["Action"])
        and request.table in {_table(resource) for resource in _many(statement["Resource"])}
        and all(
            CONDITIONS[operator](request, key, _many(wanted))
            for operator, block in statement.get("Condition", {}).items()
            for key, wanted in block.items()
        )
    )


def _table(resource: Any) -> str:
    """`Ledger` of `!GetAtt Ledger.Arn`, `Ledger/index` of `!Sub "${Ledger.Arn}/index/*"`."""
    if not isinstance(resource, dict):
        return ""
    indexes = re.fullmatch(r"\$\{(\w+)\.Arn\}/index/\*", str(resource.get("Fn::Sub", "")))
    if indexes:
        return f"{indexes[1]}/index"
    named = resource.get("Fn::GetAtt", "")
    return named.split(".")[0] if isinstance(named, str) else str(named[0])


def _many(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _present(request: Asked, key: str) -> frozenset[str]:
    return {"dynamodb:LeadingKeys": request.keys, "dynamodb:Attributes": request.attributes}[key]


def _all_like(request: Asked, key: str, wanted: Sequence[str]) -> bool:
    return all(any(fnmatchcase(one, each) for each in wanted) for one in _present(request, key))


def _all_equal(request: Asked, key: str, wanted: Sequence[str]) -> bool:
    return _present(request, key) <= set(wanted)


def _null(request: Asked, key: str, wanted: Sequence[str]) -> bool:
    return (not _present(request, key)) == (wanted[0] == "true")


CONDITIONS = {
    "ForAllValues:StringLike": _all_like,
    "ForAllValues:StringEquals": _all_equal,
    "Null": _null,
}


def people(name: str) -> dict[str, Any]:
    """One of the three policies."""
    document: dict[str, Any] = template()["Resources"][name]["Properties"]["PolicyDocument"]
    return document
