"""The official conformance suite: through the gateway a server loses nothing it has without it.

Behind a front door that buffers, it loses the scenarios that `baseline.json` names, and no others.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from handler.gateway.bounds import Bounds
from handler.gateway.server import Server
from tests.api_gateway import ApiGateway
from tests.conformance import suite
from tests.gateway.world import Gateway, done, gateway, upstream_process

BASELINE: dict[str, dict[str, str]] = json.loads(
    (Path(__file__).parent / "baseline.json").read_text()
)
FAMILIES = (
    "resources",
    "prompts",
    "completion",
    "logging",
    "sampling",
    "elicitation",
    "roots",
)
OPEN: dict[str, Any] = {"version": "1", "default": "allow", "tools": {}}
BUFFERED = Bounds(streaming=False, upstream_seconds=20, leg_seconds=20)


class Bearer:
    """Gives every request the grant's token: the suite has no way to send one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.token = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            sent = (b"authorization", f"Bearer {self.token}".encode())
            scope = {**scope, "headers": [*scope["headers"], sent]}
        await self._app(scope, receive, send)


@contextmanager
def through(
    folder: Path, upstream: str, policy: dict[str, Any], *, buffered: bool = False
) -> Iterator[Gateway]:
    """A gateway with every family allowed, which authenticates its callers itself."""
    bearers: list[Bearer] = []

    def around(app: Starlette) -> ASGIApp:
        bearers.append(Bearer(ApiGateway(app) if buffered else app))
        return bearers[0]

    bounds = BUFFERED if buffered else None
    with gateway(folder, upstream, bounds=bounds, around=around) as found:
        bearers[0].token = found.token
        server = Server("crm", f"{upstream}/mcp", private_network=True, allow=FAMILIES)
        found.register(server, policy)
        yield found


@pytest.fixture(scope="module")
def fixture_server() -> Iterator[str]:
    with upstream_process("tests.conformance.fixture") as found:
        yield found.url


@cache
def bare(url: str, revision: str) -> suite.Results:
    """The fixture without a gateway; run once for both worlds."""
    with TemporaryDirectory() as folder:
        return suite.run(f"{url}/mcp", revision, Path(folder))


@pytest.mark.parametrize("revision", suite.REVISIONS)
def test_the_bare_server_passes_all_that_its_baseline_does_not_name(
    fixture_server: str, revision: str
) -> None:
    assert suite.lost(bare(fixture_server, revision)) == BASELINE[f"bare {revision}"].keys()


@pytest.mark.parametrize("revision", suite.REVISIONS)
def test_a_server_conforms_through_the_gateway_as_it_does_without(
    tmp_path: Path, fixture_server: str, revision: str
) -> None:
    with through(tmp_path, fixture_server, OPEN) as door:
        mine = suite.run(door.endpoint(), revision, tmp_path / "out")
    assert suite.worse(mine, bare(fixture_server, revision)) == {}


@pytest.mark.parametrize("revision", suite.REVISIONS)
def test_behind_a_buffering_front_door_only_the_named_scenarios_are_lost(
    tmp_path: Path, fixture_server: str, revision: str
) -> None:
    started = time.monotonic()
    with through(tmp_path, fixture_server, OPEN, buffered=True) as door:
        mine = suite.run(door.endpoint(), revision, tmp_path / "out")
    found = suite.worse(mine, bare(fixture_server, revision))
    assert found.keys() == BASELINE[f"buffered {revision}"].keys(), found
    # A scenario that hangs takes the 20 s that a buffered answer may.
    assert time.monotonic() - started < 40


HELD: dict[str, Any] = {
    "version": "1",
    "default": "allow",
    "tools": {
        "slow_compute": {
            "approve_if": [
                {
                    "conditions": [
                        {"path": "args.seconds", "op": "gt", "value": 0},
                        {"path": "args.seconds", "op": "lte", "value": 5},
                    ],
                    "reason": "Short work needs somebody.",
                    "approvers": ["quick@example.com"],
                },
                {
                    "conditions": [{"path": "args.seconds", "op": "gt", "value": 5}],
                    "reason": "Long work needs somebody who is away.",
                    "approvers": ["away@example.com"],
                },
            ]
        },
        "failing_job": {"approve_if": [{"conditions": [], "approvers": ["quick@example.com"]}]},
    },
}


@contextmanager
def quick_approver(door: Gateway) -> Iterator[None]:
    """Approves every mail to quick@example.com as it comes."""
    stop, answered = threading.Event(), set[str]()

    def approve() -> None:
        while not stop.wait(0.05):
            for mail in door.outbox.mails():
                if mail.to == "quick@example.com" and mail.name not in answered:
                    answered.add(mail.name)
                    done(door.press(mail.text, "approve"))

    person = threading.Thread(target=approve)
    person.start()
    try:
        yield
    finally:
        stop.set()
        person.join()


def test_held_calls_are_tasks_as_the_extension_s_scenarios_want_them(
    tmp_path: Path, fixture_server: str
) -> None:
    with through(tmp_path, fixture_server, HELD) as door, quick_approver(door):
        found = suite.run(door.endpoint(), "2026-07-28", tmp_path / "out")
    tasks = [checks for name, checks in found.items() if name.startswith("tasks-")]
    failed = {id for checks in tasks for id, status in checks.items() if status == "FAILURE"}
    assert len(tasks) == 10 and failed == BASELINE["tasks"].keys()
