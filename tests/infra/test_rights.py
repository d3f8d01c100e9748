"""Who may do what, read from the template."""

import json
import re
from typing import Any

import pytest

from handler.approvals.steps import STEPS
from handler.entry import account
from tests.emulated.template import TEMPLATE, resources, template

ROLES = resources("AWS::IAM::Role")
PEOPLE = resources("AWS::IAM::ManagedPolicy")


def statements(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The statements that are there in a plain deployment."""
    return [s for s in document["Statement"] if "Fn::If" not in s]


def actions(properties: dict[str, Any], table: str) -> set[str]:
    """What is allowed on one table."""
    found: set[str] = set()
    documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
    for statement in (s for d in documents for s in statements(d)):
        if f'"{table}.Arn"' in json.dumps(statement["Resource"]) or f'["{table}", "Arn"]' in (
            json.dumps(statement["Resource"])
        ):
            named = statement["Action"]
            found |= set([named] if isinstance(named, str) else named)
    return {action.removeprefix("dynamodb:") for action in found}


RIGHTS: dict[tuple[str, str], set[str]] = {
    ("GatewayRole", "Registry"): {"GetItem"},
    ("GatewayRole", "Ledger"): {"GetItem", "PutItem", "UpdateItem", "ConditionCheckItem"},
    ("GatewayRole", "Answers"): set(),
    ("GatewayRole", "Payloads"): {"GetItem", "PutItem"},
    ("ApprovalsRole", "Registry"): set(),
    ("ApprovalsRole", "Ledger"): {"GetItem", "UpdateItem"},
    ("ApprovalsRole", "Answers"): {"GetItem", "UpdateItem"},
    ("ApprovalsRole", "Payloads"): {"GetItem"},
    ("WorkflowRole", "Registry"): {"GetItem"},
    ("WorkflowRole", "Ledger"): {"GetItem", "BatchGetItem", "UpdateItem"},
    ("WorkflowRole", "Answers"): {"GetItem", "PutItem", "UpdateItem"},
    ("WorkflowRole", "Payloads"): {"GetItem", "PutItem"},
}


@pytest.mark.parametrize(("role", "table"), RIGHTS)
def test_each_function_has_these_rights_on_tables_and_no_others(role: str, table: str) -> None:
    assert actions(ROLES[role], table) == RIGHTS[role, table]


def test_the_gateway_cannot_answer_or_wake_an_approval() -> None:
    assert "SendTask" not in json.dumps(ROLES["GatewayRole"])


def test_no_role_has_a_wildcard_action() -> None:
    for properties in (*ROLES.values(), *PEOPLE.values()):
        documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        documents += [properties["PolicyDocument"]] if "PolicyDocument" in properties else []
        for statement in (s for d in documents for s in statements(d)):
            named = statement["Action"]
            for action in [named] if isinstance(named, str) else named:
                assert "*" not in action


STARRED = {"WakeApprovals", "DeliverLogs", "ExamineAccount"}
"""The statements whose actions accept no other resource."""


def test_only_actions_that_accept_nothing_else_are_given_on_every_resource() -> None:
    for properties in (*ROLES.values(), *PEOPLE.values()):
        documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        documents += [properties["PolicyDocument"]] if "PolicyDocument" in properties else []
        for statement in (s for d in documents for s in statements(d)):
            if statement["Resource"] == "*":
                assert statement["Sid"] in STARRED


def test_viewers_read_neither_payloads_nor_answers_nor_keys() -> None:
    text = json.dumps(PEOPLE["ViewerPolicy"])
    assert not any(word in text for word in ("Payloads", "Answers", "SealingKeys", "PutItem"))


def test_policy_managers_write_artifacts_histories_and_the_policies_of_servers_only() -> None:
    document = PEOPLE["PolicyManagerPolicy"]["PolicyDocument"]
    writing = {s["Sid"]: s for s in statements(document) if s["Sid"] not in READING}
    assert set(writing) == {"StorePolicies", "AttachPolicies", "AttachToGrants", "KeepHistory"}
    attach = writing["AttachPolicies"]["Condition"]
    assert attach["ForAllValues:StringEquals"] == {"dynamodb:Attributes": ["pk", "policies"]}
    assert attach["ForAllValues:StringLike"] == {"dynamodb:LeadingKeys": ["server#*"]}
    keys = writing["StorePolicies"]["Condition"]["ForAllValues:StringLike"]
    assert keys == {"dynamodb:LeadingKeys": ["artifact#*"]}
    histories = writing["KeepHistory"]["Condition"]["ForAllValues:StringLike"]
    assert histories == {"dynamodb:LeadingKeys": ["history#*"]}


READING = {"FindStack", "ReadState", "ReadLog"}


def test_every_table_but_payloads_can_be_recovered() -> None:
    for name, properties in resources("AWS::DynamoDB::Table").items():
        recovery = properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
        assert recovery == (name != "Payloads")


def test_the_access_log_holds_no_path() -> None:
    form = resources("AWS::ApiGatewayV2::Stage")["Stage"]["AccessLogSettings"]["Format"]
    assert "routeKey" in form
    assert "path" not in form.lower()


def test_the_state_machines_input_names_an_id_and_durations_only() -> None:
    machine = json.loads((TEMPLATE.parent / "infra" / "approval.asl.json").read_text())
    text = json.dumps(machine)
    read = set(re.findall(r'"\$\.([a-z_]+)', text))
    assert read == {"approval", "wait_seconds", "lease_seconds", "outcome"}


def test_people_may_use_the_key_that_tables_are_under_and_only_through_what_it_is_for() -> None:
    """Without it DynamoDB refuses whoever asks for a table under a customer's key."""
    for properties in PEOPLE.values():
        (conditional,) = [
            s["Fn::If"] for s in properties["PolicyDocument"]["Statement"] if "Fn::If" in s
        ]
        condition, statement, otherwise = conditional
        assert (condition, otherwise) == ("HasKey", {"Ref": "AWS::NoValue"})
        assert statement["Action"] == ["kms:Decrypt", "kms:DescribeKey"]
        assert statement["Resource"] == {"Ref": "KmsKeyArn"}
        services = statement["Condition"]["StringLike"]["kms:ViaService"]
        assert services == ["dynamodb.*", "secretsmanager.*", "logs.*"]


FUNCTIONS = ("GatewayRole", "ApprovalsRole", "WorkflowRole")


@pytest.mark.parametrize("role", FUNCTIONS)
def test_functions_may_use_the_key_for_what_they_read_and_for_their_log(role: str) -> None:
    """CloudWatch Logs asks KMS in the writer's name ("Encrypt log data using KMS", step 3)."""
    (policy,) = ROLES[role]["Policies"]
    conditional = [s["Fn::If"] for s in policy["PolicyDocument"]["Statement"] if "Fn::If" in s]
    statements = {each[1]["Sid"]: each[1] for each in conditional if each[0] == "HasKey"}
    assert set(statements) == {"UseKey", "UseKeyOfLog"}
    of_log = statements["UseKeyOfLog"]
    assert of_log["Condition"] == {"StringLike": {"kms:ViaService": "logs.*"}}
    assert {"kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"} < set(of_log["Action"])
    assert not any("*" in action for action in of_log["Action"])


def test_admins_may_ask_what_the_doctor_asks_about_the_account() -> None:
    text = json.dumps(PEOPLE["AdminPolicy"])
    assert all(f'"{right}"' in text for right in account.RIGHTS)


def test_whoever_floods_the_approval_pages_takes_no_agents_requests() -> None:
    stage = template()["Resources"]["Stage"]
    pages = stage["Properties"]["RouteSettings"]["ANY /approve/{secret}"]
    assert pages["ThrottlingRateLimit"] < template()["Parameters"]["RequestsPerSecond"]["Default"]
    assert stage["DependsOn"] == "ApproveRoute"  # refused where the route is not there yet
    routes = {each["RouteKey"] for each in resources("AWS::ApiGatewayV2::Route").values()}
    assert set(stage["Properties"]["RouteSettings"]) <= routes


def test_every_default_is_a_production_one() -> None:
    parameters = template()["Parameters"]
    assert parameters["EmulatorUrl"]["Default"] == ""
    assert parameters["Runtime"]["Default"] == "python3.13"
    assert parameters["Architecture"]["Default"] == "arm64"


def test_the_clock_asks_the_workflow_for_a_step_that_there_is() -> None:
    (target,) = resources("AWS::Events::Rule")["SweepRule"]["Targets"]
    assert json.loads(target["Input"])["step"] in STEPS
