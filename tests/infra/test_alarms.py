"""What the code measures, what alarms and the dashboard read, and what the docs say: the same."""

import asyncio
import io
import json
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from compiler.verdict import Effect
from handler.audit.measured import EmfMeter, MeasuredJournal, Metric, count
from handler.stores.cloudwatch import CloudWatchJournal
from tests.emulated.template import resources, template

OURS = "Holdpoint/${AWS::StackName}"
DOCS = (Path(__file__).parents[2] / "docs" / "operate-aws.md").read_text()
ALARMS = resources("AWS::CloudWatch::Alarm")

Series = tuple[str, frozenset[str]]
"""A metric's name and its dimensions' names."""


def decided(effect: Effect) -> dict[str, Any]:
    place = {"rule": "/tools/refund/deny_if/large", "index": 0}
    return {"record": "decided", "effect": effect.value, "server": "shop", "place": place}


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> set[Series]:
    """Everything that the functions measure, as CloudWatch would take it from their logs."""
    variables = template()["Globals"]["Function"]["Environment"]["Variables"]
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", variables["POWERTOOLS_SERVICE_NAME"])
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Holdpoint/one")
    out = io.StringIO()
    with redirect_stdout(out):
        asyncio.run(_measure())
    found = set()
    for line in out.getvalue().splitlines():
        for metrics in json.loads(line)["_aws"]["CloudWatchMetrics"]:
            assert metrics["Namespace"] == "Holdpoint/one"
            (dimensions,) = metrics["Dimensions"]
            found |= {(metric["Name"], frozenset(dimensions)) for metric in metrics["Metrics"]}
    return found


async def _measure() -> None:
    journal = MeasuredJournal(CloudWatchJournal(io.StringIO(), (), lambda: None))
    for effect in Effect:
        await journal.append(decided(effect))
    await journal.append({"record": "held", "joined": False})
    meter = EmfMeter()
    meter.judged(0.004)
    meter.unavailable()
    count(Metric.UNDELIVERED_MAIL)


def test_every_metric_is_measured(measured: set[Series]) -> None:
    assert {name for name, _ in measured} == set(Metric)


def test_our_alarms_read_what_is_measured(measured: set[Series]) -> None:
    ours = [alarm for alarm in ALARMS.values() if alarm["Namespace"] == {"Fn::Sub": OURS}]
    read = {
        (alarm["MetricName"], frozenset(each["Name"] for each in alarm["Dimensions"]))
        for alarm in ours
    }
    assert {Metric.STORE_UNAVAILABLE, Metric.UNDELIVERED_MAIL} <= {name for name, _ in read}
    assert read <= measured
    service = template()["Globals"]["Function"]["Environment"]["Variables"]
    for alarm in ours:
        values = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
        assert values["service"] == service["POWERTOOLS_SERVICE_NAME"]


def test_the_dashboard_reads_what_is_measured(measured: set[Series]) -> None:
    body = resources("AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]["Fn::Sub"]
    searched = re.findall(
        r"\{\\\"Holdpoint/\$\{AWS::StackName\}\\\",([\w,]+)\} MetricName=\\\"(\w+)", body
    )
    plain = re.findall(r'\["Holdpoint/\$\{AWS::StackName\}", "(\w+)", "(service)"', body)
    read = {(name, frozenset(dimensions.split(","))) for dimensions, name in searched}
    read |= {(name, frozenset([dimension])) for name, dimension in plain}
    assert {name for name, _ in read} == {Metric.DECISIONS, Metric.DENIALS, Metric.DECISION_TIME}
    assert read <= measured


def test_the_dashboard_finds_the_metrics_of_a_stack_with_a_hyphen_in_its_name() -> None:
    """What is searched must be quoted where it holds more than letters and digits."""
    body = resources("AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]["Fn::Sub"]
    assert "{Holdpoint/" not in body


def test_stacks_of_one_name_in_two_regions_do_not_take_each_others_dashboard() -> None:
    """An account's dashboards are in no Region: the second of a name replaces the first."""
    name = resources("AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardName"]
    assert name == {"Fn::Sub": "${AWS::StackName}-${AWS::Region}"}


def test_the_dashboard_is_json() -> None:
    body = resources("AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]["Fn::Sub"]
    assert all(widget["properties"]["metrics"] for widget in json.loads(body)["widgets"])


def test_no_metric_of_ours_has_a_dimension_without_bound(measured: set[Series]) -> None:
    bounded = {"service", "effect", "server", "rule"}
    assert all(dimensions <= bounded for _, dimensions in measured)


def test_every_alarm_is_sent_to_whoever_is_named_and_none_other() -> None:
    for alarm in ALARMS.values():
        assert alarm["AlarmActions"]["Fn::If"][:2] == ["HasAlarmEmail", [{"Ref": "AlarmTopic"}]]
        assert alarm["TreatMissingData"] == "notBreaching"


def test_alarms_reach_the_topic_whatever_key_it_is_under() -> None:
    """CloudWatch cannot publish under `alias/aws/sns`, and that key's policy cannot be changed."""
    key = resources("AWS::SNS::Topic")["AlarmTopic"]["KmsMasterKeyId"]["Fn::If"]
    assert key == ["HasKey", {"Ref": "KmsKeyArn"}, {"Ref": "AWS::NoValue"}]


@pytest.mark.parametrize("name", ALARMS)
def test_every_alarm_has_its_section_with_what_it_says_and_what_to_do(name: str) -> None:
    section = re.search(rf"^### {name}\n(.*?)(?=^##|\Z)", DOCS, re.MULTILINE | re.DOTALL)
    assert section is not None
    assert ALARMS[name]["AlarmDescription"] in " ".join(section[1].split())
    assert "**Do:**" in section[1]


def test_no_alarm_is_explained_that_does_not_exist() -> None:
    explained = re.findall(r"^### (\w+)$", DOCS, re.MULTILINE)
    assert sorted(explained) == sorted(ALARMS)


@pytest.mark.parametrize("metric", Metric)
def test_every_metric_has_its_row(metric: Metric) -> None:
    assert f"| `{metric}` |" in DOCS
