"""Runs the official conformance suite against a URL, and reads what it wrote."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.clients import tools

REVISIONS = ("2025-11-25", "2026-07-28")

SUITE = "@modelcontextprotocol/conformance/dist/index.js"

MOST_SECONDS = 120

Results = Mapping[str, Mapping[str, str]]
"""Scenario -> check -> its status; of a check that a scenario makes twice, the worse."""

WORST_LAST = ("SUCCESS", "INFO", "SKIPPED", "WARNING", "FAILURE")


def run(url: str, revision: str, folder: Path) -> Results:
    """Every scenario that the revision requires, and those the suite runs beside them."""
    command = [tools.node(), tools.package(SUITE), "server", "--url", url]
    options = ["--requirements", revision, "-o", str(folder)]
    # The suite exits with 1 where a check failed; what it found is read from its files.
    ran = subprocess.run(
        [*command, *options], capture_output=True, text=True, timeout=MOST_SECONDS, check=False
    )
    results = {path.parent: json.loads(path.read_text()) for path in folder.glob("*/checks.json")}
    assert results, ran.stdout + ran.stderr
    return {_scenario(path.name): _checks(checks) for path, checks in results.items()}


def _scenario(folder: str) -> str:
    """`server-ping-2026-11-21T01-08-39-737Z` is of the scenario `ping`."""
    return folder.removeprefix("server-")[: -len("-2026-11-21T01-08-39-737Z")]


def _checks(checks: list[dict[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for check in checks:
        statuses = (found.get(check["id"], WORST_LAST[0]), check["status"])
        found[check["id"]] = max(statuses, key=WORST_LAST.index)
    return found


def lost(results: Results) -> set[str]:
    """The scenarios in which a check failed."""
    return {name for name, checks in results.items() if "FAILURE" in checks.values()}


def worse(results: Results, bare: Results) -> dict[str, list[str]]:
    """Scenario -> the checks that have a worse status than at the bare server, or are not there.

    What the bare server loses itself is not compared. A check that is skipped, since the server
    does not advertise what it checks, is as good as one that passed; so is one that passed in
    another way than the suite recommends (INFO).
    """
    rank = {"SUCCESS": 0, "INFO": 0, "SKIPPED": 0, "WARNING": 1, "FAILURE": 2, None: 2}
    found = {}
    for name, checks in bare.items():
        if name in lost(bare):
            continue
        mine = results.get(name, {})
        told = [
            f"{check}: {status} became {mine.get(check)}"
            for check, status in checks.items()
            if rank[mine.get(check)] > rank[status]
        ]
        if told:
            found[name] = told
    return found
