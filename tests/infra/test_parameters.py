"""What the template's parameters take, and what they refuse before anything is deployed."""

import re
from typing import Any

import pytest

from tests.emulated.template import template

PARAMETERS: dict[str, dict[str, Any]] = template()["Parameters"]

KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

TAKEN: dict[str, tuple[str, ...]] = {
    "SenderEmail": ("gateway@example.com", "ops+gateway@mail.example.co.uk"),
    "CreateSenderIdentity": ("true", "false"),
    "MailDomains": ("*", "*@example.com", "*@example.com,ops@example.org"),
    "PublicUrl": ("", "https://gateway.example.com"),
    "AllowedOrigins": ("", "https://a.example.com", "https://a.example.com,http://localhost:6274"),
    "HoldSeconds": ("0", "15", "20"),
    "MostPending": ("1", "1000"),
    "Runtime": ("python3.11", "python3.13"),
    "Architecture": ("arm64", "x86_64"),
    "Engine": ("table", "wasm"),
    "MemoryMegabytes": ("256", "512", "3008"),
    "ReservedConcurrency": ("0", "100"),
    "RequestsPerSecond": ("1", "10000"),
    "LogRetentionDays": ("1", "90", "3653"),
    "KmsKeyArn": ("", KEY, KEY.replace("aws", "aws-us-gov", 1)),
    "AlarmEmail": ("", "oncall@example.com"),
    "EmulatorUrl": ("", "http://127.0.0.1:4571"),
}

REFUSED: dict[str, tuple[str, ...]] = {
    "SenderEmail": ("", "gateway", "gateway@", "A <a@example.com>", "a@example.com,b@example.com"),
    "CreateSenderIdentity": ("yes", ""),
    "MailDomains": ("example.com", "@example.com", "*@example.com, b@example.com x"),
    "PublicUrl": (
        *("http://gateway.example.com", "https://gateway.example.com/", "gateway.example.com"),
        *("https://gateway.example.com/mcp", "https://Gateway.example.com", "https://localhost"),
        *("https://gateway.example.com:8443", "https://me@gateway.example.com", "https:// .com"),
    ),
    "AllowedOrigins": (
        "*",
        "a.example.com",
        "https://a.example.com/",
        "https://a.io, https://b.io",
    ),
    "HoldSeconds": ("-1", "21"),
    "MostPending": ("0", "1001"),
    "Runtime": ("python3.10", "nodejs22.x"),
    "Architecture": ("arm", "aarch64"),
    "Engine": ("", "WASM"),
    "MemoryMegabytes": ("128", "10240"),
    "ReservedConcurrency": ("-1",),
    "RequestsPerSecond": ("0",),
    "LogRetentionDays": ("0", "91"),
    "KmsKeyArn": ("alias/mine", KEY.rpartition("/")[2], KEY.replace("key/", "alias/")),
    "AlarmEmail": ("oncall", "a@example.com b@example.com"),
    "EmulatorUrl": ("https://example.com", "http://10.0.0.1:80", "http://127.0.0.1"),
}
"""Values that would fail late, or work otherwise than meant."""


def takes(name: str, value: str) -> bool:
    """Whether CloudFormation takes the value: each element of a list by itself."""
    parameter = PARAMETERS[name]
    if parameter["Type"] == "Number":
        least, most = parameter.get("MinValue", value), parameter.get("MaxValue", value)
        listed = [str(each) for each in parameter.get("AllowedValues", [value])]
        return float(least) <= float(value) <= float(most) and value in listed
    if "AllowedValues" in parameter:
        return value in parameter["AllowedValues"]
    values = value.split(",") if parameter["Type"] == "CommaDelimitedList" else [value]
    return all(re.fullmatch(parameter["AllowedPattern"], each.strip()) for each in values)


def test_every_parameter_refuses_something() -> None:
    assert set(TAKEN) == set(REFUSED) == set(PARAMETERS)


@pytest.mark.parametrize(("name", "value"), [(n, v) for n in TAKEN for v in TAKEN[n]])
def test_what_can_be_meant_is_taken(name: str, value: str) -> None:
    assert takes(name, value)


@pytest.mark.parametrize(("name", "value"), [(n, v) for n in REFUSED for v in REFUSED[n]])
def test_what_cannot_work_is_refused_before_anything_is_deployed(name: str, value: str) -> None:
    assert not takes(name, value)


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_default_is_a_value_that_is_taken(name: str) -> None:
    default = PARAMETERS[name].get("Default")
    assert default is None or takes(name, str(default))


@pytest.mark.parametrize("name", PARAMETERS)
def test_whoever_is_refused_reads_what_a_value_must_be(name: str) -> None:
    parameter = PARAMETERS[name]
    assert ("AllowedPattern" in parameter) == ("ConstraintDescription" in parameter)
