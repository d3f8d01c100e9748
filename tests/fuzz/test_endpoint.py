"""Whatever is sent to the endpoint, what reaches the server was judged, and the gateway goes on.

A failure prints its seed and the request. `HOLDPOINT_FUZZ_SEED` starts from another seed.
"""

import http.client
import json
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from handler.gateway.bounds import Bounds
from tests.fuzz.requests import Gun, Shot
from tests.gateway.shifting import Shifting, shifting, tool
from tests.gateway.world import Gateway, gateway
from tests.patience import PATIENCE

SEED = int(os.environ.get("HOLDPOINT_FUZZ_SEED", "20261121"))
MOST_GROWTH = 128 * 1024
"""KiB that this process may grow by; it runs the gateway."""

SOME = [{"conditions": [{"path": "args.n", "op": "lt", "value": 10}]}]
FEW = [{"counter": "few", "window": 31_622_400, "max": 5, "scope": "grant"}]
POLICY: dict[str, Any] = {
    "version": "1",
    "default": "deny",
    "hide": ["never"],
    "tools": {
        "safe": {"require": SOME},
        "limited": {"require": SOME, "limits": FEW},
        "held": {"approve_if": [{"conditions": [], "approvers": ["ops@example.com"]}]},
    },
}


@pytest.fixture
def upstream() -> Iterator[Shifting]:
    with shifting() as found:
        found.tools = [tool("safe", n="number"), tool("never"), tool("held")]
        yield found


@pytest.fixture
def door(tmp_path: Path, upstream: Shifting) -> Iterator[Gateway]:
    bounds = Bounds(leg_seconds=0, stream_seconds=0, upstream_seconds=4, largest_request=100_000)
    with gateway(tmp_path, upstream.url, bounds=bounds) as found:
        found.register(found.servers["crm"], POLICY)
        yield found


class Line:
    """One connection to the gateway, opened again where the gateway closed it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(
            str(parts.hostname), parts.port, timeout=PATIENCE
        )

    def fire(self, shot: Shot) -> tuple[int, bytes]:
        try:
            self._connection.request(shot.verb, shot.path, shot.body, shot.headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self._connection.close()
            self._connection.request(shot.verb, shot.path, shot.body, shot.headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read()

    def close(self) -> None:
        self._connection.close()


def judged(call: dict[str, Any]) -> bool:
    """Whether the policy lets this call go on: all that it reads, read again."""
    arguments = call.get("arguments", {})
    number = arguments.get("n")
    is_number = isinstance(number, int | float) and not isinstance(number, bool)
    return call["name"] in ("safe", "limited") and is_number and number < 10


def fired(door: Gateway, upstream: Shifting, seed: int, until: float, most: int) -> int:
    """Fire until a time or a count; how many calls reached the server."""
    gun, line = Gun(seed, door.token), Line(door.url)
    reached = 0
    try:
        for number in range(most):
            if time.monotonic() >= until:
                break
            shot = gun.shot()
            said = f"seed {seed}, request {number}: {shot}"
            try:
                status, body = line.fire(shot)
            except TimeoutError:
                pytest.fail(f"no answer in {PATIENCE} s; {said}")
            assert status < 500, f"{status} {body!r}; {said}"
            calls, upstream.calls = upstream.calls, []
            assert all(map(judged, calls)) and len(calls) <= 1, f"{calls} reached it; {said}"
            reached += len(calls)
    finally:
        line.close()
    assert upstream.methods <= SERVED, upstream.methods - SERVED
    return reached


SERVED = {
    "tools/call",
    "tools/list",
    "initialize",
    "server/discover",
    "ping",
    "notifications/initialized",
    "notifications/cancelled",
    "notifications/progress",
    "notifications/roots/list_changed",
    None,
}
"""What may reach a server whose registration allows nothing beside tools; None is a reply."""


def size() -> int:
    """The largest this process has been, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_some_odd_requests_are_all_answered_and_none_slips_through(
    door: Gateway, upstream: Shifting, caplog: pytest.LogCaptureFixture
) -> None:
    reached = fired(door, upstream, SEED, time.monotonic() + 60, 5_000)
    assert not [each for each in caplog.records if each.exc_info], "something was not foreseen"
    assert reached > 100, "too few of the requests are good enough to test anything"
    limited = [each for each in door.journal() if each.get("tool") == "limited"]
    assert limited, "no limited call was decided"


@pytest.mark.full
def test_five_minutes_of_odd_requests_leave_the_gateway_as_it_was(
    door: Gateway, upstream: Shifting, caplog: pytest.LogCaptureFixture
) -> None:
    end, seed = time.monotonic() + 300, SEED + 1
    fired(door, upstream, seed, end, 2_000)
    before = size()
    while time.monotonic() < end:
        seed += 1
        fired(door, upstream, seed, end, 10_000)
    assert size() - before < MOST_GROWTH
    assert not [each for each in caplog.records if each.exc_info], "something was not foreseen"
    assert json.loads(door.call("safe", {"n": 1}).content)["result"]["content"]
