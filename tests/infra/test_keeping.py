"""What holds data outlives the stack, and no change of a parameter replaces it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.emulated.template import template

RESOURCES: dict[str, dict[str, Any]] = template()["Resources"]
PARAMETERS = set(template()["Parameters"])
DOCS = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text()

STATEFUL = ("AWS::DynamoDB::Table", "AWS::SecretsManager::Secret", "AWS::Logs::LogGroup")

FLEETING = {"Payloads", "AccessLog"}
"""Held arguments last a day at most; lines about requests say nothing that a record does not."""

KEPT = {name for name, each in RESOURCES.items() if each["Type"] in STATEFUL} - FLEETING


@pytest.mark.parametrize("name", sorted(KEPT))
def test_what_holds_data_outlives_the_stack_but_not_a_deployment_that_failed(name: str) -> None:
    """`Retain` alone would leave behind what a first deployment that was rolled back had made."""
    assert RESOURCES[name]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert RESOURCES[name]["UpdateReplacePolicy"] == "Retain"


def test_how_the_sealing_keys_are_made_is_never_changed() -> None:
    """CloudFormation makes a new secret where it is: what was sealed would open no more, and `per`
    limits would start again from zero."""
    assert RESOURCES["SealingKeys"]["Properties"]["GenerateSecretString"] == {
        "SecretStringTemplate": '{"previous": []}',
        "GenerateStringKey": "current",
        "PasswordLength": 64,
        "ExcludePunctuation": True,
    }


def test_nothing_else_outlives_it() -> None:
    kept = {name for name, each in RESOURCES.items() if each.get("DeletionPolicy") not in GONE}
    assert kept == KEPT


GONE = {None, "Delete"}


def fixed(kind: str) -> set[str]:
    """Properties of a type that cannot change without another resource in its place."""
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    paths = [*schema.get("createOnlyProperties", []), *schema.get("primaryIdentifier", [])]
    assert paths
    return {path.split("/")[2] for path in paths}


def read(value: Any) -> set[str]:
    """The parameters that a value depends on, also by a condition."""
    text = json.dumps(value)
    conditions = {name for name, each in template()["Conditions"].items() if f'"{name}"' in text}
    named = {name for name in PARAMETERS if f'"{name}"' in text or f"${{{name}}}" in text}
    return named.union(*(read(template()["Conditions"][name]) for name in conditions))


@pytest.mark.parametrize("name", sorted(KEPT))
def test_no_change_of_a_parameter_replaces_what_holds_data(name: str) -> None:
    properties = RESOURCES[name].get("Properties", {})
    for fact in fixed(RESOURCES[name]["Type"]) & set(properties):
        assert read(properties[fact]) == set(), fact


def test_the_reader_of_values_sees_parameters_behind_conditions() -> None:
    assert read({"Fn::If": ["HasKey", "a", "b"]}) == {"KmsKeyArn"}
    assert read({"Fn::Sub": "${PublicUrl}/mcp"}) == {"PublicUrl"}


def test_a_stack_of_a_name_can_be_made_again_beside_what_the_last_one_left() -> None:
    """A name of ours would be taken by what stayed; a name of CloudFormation's never is."""
    for name in KEPT:
        properties = RESOURCES[name].get("Properties", {})
        given = {"TableName", "Name", "LogGroupName"} & set(properties)
        assert all("AWS::StackId" in json.dumps(properties[each]) for each in given), name


@pytest.mark.parametrize("name", sorted(KEPT))
def test_what_stays_after_a_teardown_is_in_the_docs(name: str) -> None:
    section = DOCS.split("**Teardown:**")[1].split("\n## ")[0]
    assert f"`{name}`" in section
