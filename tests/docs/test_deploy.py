"""docs/deploy.md agrees with the template, and its sums are sums."""

import re
from pathlib import Path

import pytest

from tests.bench import shards
from tests.emulated.template import resources, template

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "deploy.md").read_text()
TESTS = Path(__file__).parents[1]

READ, WRITE = 0.125, 0.625
"""Dollars per million of DynamoDB's units on demand."""

UNITS = {
    "denied": 2 * READ,
    "allowed, no limit": 2 * READ,
    "allowed, limits of the grant in one item under 1 KB": READ + WRITE,
    "allowed, limits of the grant and two other scopes": (1 + 3) * READ + 3 * 2 * WRITE,
}


def costs() -> dict[str, list[float]]:
    table = PAGE.split("| path | front door |")[1].split("\n\n")[0]
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in table.splitlines()
        if "$" in line
    ]
    return {path: [float(cell.removeprefix("$")) for cell in cells] for path, *cells in rows}


def test_every_parameter_has_its_row_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \|([^|]*)\|", PAGE, re.MULTILINE))
    parameters = template()["Parameters"]
    assert set(rows) == set(parameters)
    for name, parameter in parameters.items():
        assert rows[name].strip(" `") == str(parameter.get("Default", "")), name


@pytest.mark.parametrize("path", UNITS)
def test_what_a_path_costs_is_the_sum_of_its_parts(path: str) -> None:
    *parts, total = costs()[path]
    assert round(sum(parts), 2) == total
    assert abs(parts[2] - UNITS[path]) < 0.01


NUMBERS = {8: "eight", 9: "nine", 10: "ten", 11: "eleven", 12: "twelve"}


def test_what_is_paid_for_each_month_is_what_the_template_makes() -> None:
    alarms = len(resources("AWS::CloudWatch::Alarm"))
    assert f"{NUMBERS[alarms]} alarms ($0.10 each)" in PAGE
    for kind, price in {
        "AWS::CloudWatch::Dashboard": "a dashboard ($3.00;",
        "AWS::SecretsManager::Secret": "one secret\n  ($0.40)",
    }.items():
        assert len(resources(kind)) == 1 and price in PAGE


def test_the_figures_of_split_limits_are_those_of_the_simulation() -> None:
    assert shards.scale() in (DOCS / "scale.md").read_text()
    assert shards.ways() in (DOCS / "decisions" / "shards.md").read_text()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+)`", PAGE))))
def test_the_tests_that_count_a_calls_requests_are_there(name: str) -> None:
    assert any(f"def {name}(" in path.read_text() for path in TESTS.rglob("test_*.py"))
