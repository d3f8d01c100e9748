"""template.yaml as tests read it: its tables are the tables that the stores are tested on."""

import json
from functools import cache
from pathlib import Path
from typing import Any

TEMPLATE = Path(__file__).parents[2] / "template.yaml"


@cache
def template() -> dict[str, Any]:
    """The document, with `!Ref x` and the like as one-member objects."""
    # Imported here: it takes half a second, and each process of a race would pay for it.
    from cfnlint.decode.cfn_yaml import load  # type: ignore[import-untyped]  # it ships no types

    document: dict[str, Any] = json.loads(json.dumps(load(str(TEMPLATE))))
    return document


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """The properties of every resource of one type, by logical id."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template()["Resources"].items()
        if resource["Type"] == kind
    }


def table_request(logical_id: str, name: str) -> dict[str, Any]:
    """What CreateTable needs to make the template's table under another name."""
    properties = resources("AWS::DynamoDB::Table")[logical_id]
    kept = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    return {"TableName": name, **{key: properties[key] for key in kept if key in properties}}
