"""Where AWS's services are, for functions and for operators: where the SDK finds them."""

from typing import Any

import boto3
import pytest

from handler.aws.service import (
    DYNAMODB,
    PARAMETERS,
    SECRETS_MANAGER,
    STEP_FUNCTIONS,
    Account,
    Protocol,
)
from handler.aws.signature import Credentials
from handler.entry.stack import endpoints, open_stack
from handler.failure import CannotRun

SERVICES: dict[str, Protocol] = {
    "dynamodb": DYNAMODB,
    "secretsmanager": SECRETS_MANAGER,
    "ssm": PARAMETERS,
    "stepfunctions": STEP_FUNCTIONS,
}
"""By the SDK's name of each."""

PARTITIONS = ("aws", "aws-cn", "aws-us-gov", "aws-eusc")

VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL")


@pytest.fixture(autouse=True)
def nobodys_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def in_sdk(service: str, region: str) -> str:
    make: Any = boto3.client  # its stubs know services by name only
    url: str = make(service, region_name=region).meta.endpoint_url
    return url


@pytest.mark.parametrize("partition", PARTITIONS)
def test_a_function_finds_each_service_in_every_region(partition: str) -> None:
    regions = boto3.Session().get_available_regions("lambda", partition) or ["eusc-de-east-1"]
    for region in regions:
        account = Account(region, lambda: Credentials("a", "b"))
        for name, protocol in SERVICES.items():
            assert account.url(protocol.service) == in_sdk(name, region)


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_is_spoken_to_as_the_sdk_speaks_to_it(service: str) -> None:
    make: Any = boto3.client
    described = make(service, region_name="us-east-1").meta.service_model.metadata
    protocol = SERVICES[service]
    assert protocol.target == described["targetPrefix"]
    assert protocol.version == described["jsonVersion"]
    assert protocol.service == described.get("signingName", described["endpointPrefix"])


ELSEWHERE = {
    "AWS_USE_DUALSTACK_ENDPOINT": ("true", "https://dynamodb.us-east-1.api.aws"),
    "AWS_USE_FIPS_ENDPOINT": ("true", "https://dynamodb-fips.us-east-1.amazonaws.com"),
    "AWS_ENDPOINT_URL": ("http://127.0.0.1:1", "http://127.0.0.1:1"),
    "AWS_ENDPOINT_URL_DYNAMODB": ("https://vpce-1.example.com", "https://vpce-1.example.com"),
}
"""What an operator may have set, and where the tables are asked then."""


@pytest.mark.parametrize("variable", ELSEWHERE)
def test_an_operators_settings_say_where_the_services_are(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    value, expected = ELSEWHERE[variable]
    monkeypatch.setenv(variable, value)
    found = endpoints(boto3.Session(region_name="us-east-1"))
    account = Account("us-east-1", lambda: Credentials("a", "b"), endpoints=found)
    assert account.url("dynamodb") == expected
    assert account.url("states") == in_sdk("stepfunctions", "us-east-1")


def test_the_region_may_come_from_the_variable_that_aws_other_tools_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(CannotRun, match="no AWS region is set"):
        open_stack("mine")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    with pytest.raises(CannotRun, match="`mine` in eu-west-3"):
        open_stack("mine")
    with pytest.raises(CannotRun, match="`mine` in sa-east-1"):
        open_stack("mine", "sa-east-1")
