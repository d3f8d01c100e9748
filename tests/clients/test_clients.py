"""Real clients through the gateway: each lists, calls, is refused, and waits for an approval.

Every client is a process of its own and has a grant of its own; its driver prints what it saw.
"""

import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from handler.gateway.bounds import Bounds
from handler.gateway.outcomes import WAITING
from handler.gateway.server import Server
from tests.api_gateway import ApiGateway
from tests.clients.matrix import CLIENTS, Way
from tests.gateway.world import POLICY, Gateway, done, gateway, upstream_process

AT_ONCE = 4
"""Clients that run side by side while nobody waits long."""

ONE_REQUEST_EACH = {"inspector 2.12"}
"""Clients that end after each request, and hear nothing afterwards."""

Seen = dict[str, Any]
"""What one client saw, by check."""

ONE_MESSAGE = {"counter": "messages", "window": 31_622_400, "max": 1, "scope": "grant"}
PAIR: dict[str, Any] = {
    **POLICY,
    "tools": {**POLICY["tools"], "announce": {}, "send_message": {"limits": [ONE_MESSAGE]}},
}


@contextmanager
def approver(door: Gateway, seconds: float) -> Iterator[None]:
    """A person who approves each call so long after the mail came."""
    stop, answered = threading.Event(), set[str]()
    came: dict[str, float] = {}

    def look() -> None:
        while not stop.wait(0.05):
            for mail in door.outbox.mails():
                age = time.monotonic() - came.setdefault(mail.name, time.monotonic())
                if age >= seconds and mail.name not in answered:
                    answered.add(mail.name)
                    assert done(door.press(mail.text, "approve")) == 200

    person = threading.Thread(target=look)
    person.start()
    try:
        yield
    finally:
        stop.set()
        person.join()


def ran(command: list[str], home: str, hears: bool) -> Seen:
    """What the driver printed. Clients that keep files keep them in `home`; `hears` is whether
    they can be told of changes."""
    environment = {**os.environ, "HOME": home, "HEARS": "1" if hears else ""}
    driver = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=200)
    assert driver.returncode == 0, driver.stdout[-2_000:] + driver.stderr[-2_000:]
    # Not splitlines: what the tools say holds U+2028, which it takes for the end of a line.
    lines = [json.loads(line) for line in driver.stdout.strip().split("\n")]
    return {line["check"]: line["value"] for line in lines}


@pytest.fixture(scope="module", params=[1, pytest.param(70, marks=pytest.mark.full)])
def runs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Seen]]]:
    """Every client's run, begun; the approval comes after so many seconds."""
    folder, seconds = tmp_path_factory.mktemp("clients"), request.param
    with (
        upstream_process() as upstream,
        gateway(folder, upstream.url) as door,
        approver(door, seconds),
        ThreadPoolExecutor(AT_ONCE if seconds < 10 else len(CLIENTS)) as pool,
    ):
        server = Server("crm", f"{upstream.url}/mcp", private_network=True, allow=("resources",))
        door.register(server, PAIR)
        begun = {}
        for number, (name, kind) in enumerate(CLIENTS.items()):
            home = folder / f"home{number}"
            home.mkdir()
            command = kind.command(door.endpoint(), door.grant(f"client{number}"))
            begun[name] = pool.submit(ran, command, str(home), hears=True)
        yield begun
        charges = [call for call in upstream.calls if call.get("tool") == "create_charge"]
        assert len(charges) == len(CLIENTS), "each approved call runs once, and nothing else does"


CHECKS: dict[str, Callable[[Seen], bool]] = {
    "lists all but the hidden": lambda seen: (
        seen["list"] == ["read_customer", "send_message", "create_charge", "count", "announce"]
    ),
    "gets a result": lambda seen: seen["call"]["text"] == ["customer ada"],
    "gets a structured result": lambda seen: (
        seen["call"]["structured"] == {"result": "customer ada"}
    ),
    "gets progress": lambda seen: (
        "progress" not in seen
        or (seen["progress"]["seen"] == [1, 2, 3] and not seen["progress"]["isError"])
    ),
    "reads an allowed resource": lambda seen: seen["resource"] == "secret",
    "is denied in words": lambda seen: (
        seen["denied"]["isError"] and seen["denied"]["text"] == ["[POLICY DENIED] Only USD or EUR."]
    ),
    "is told which rule denied": lambda seen: (
        seen["denied"]["decision"]["rule"] == "/tools/create_charge/require/args.currency-in"
    ),
    "is limited after one": lambda seen: (
        [each["isError"] for each in seen["limited"]] == [False, True]
        and seen["limited"][1]["decision"]["remaining"] == "0"
        and seen["limited"][1]["decision"]["retry_after"] > 0
    ),
    "gets the result of a held call": lambda seen: (
        seen["held"]["text"][0] == "charged 750 eur" and not seen["held"]["isError"]
    ),
    "still works afterwards": lambda seen: seen["after"]["text"] == ["customer bob"],
}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_works_through_the_gateway(
    runs: dict[str, Future[Seen]], client: str, check: str
) -> None:
    seen = runs[client].result()
    assert CHECKS[check](seen), seen


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_speaks_the_revision_it_would_speak_without_the_gateway(
    runs: dict[str, Future[Seen]], client: str
) -> None:
    assert runs[client].result().get("version") == CLIENTS[client].version


@pytest.mark.parametrize("client", CLIENTS)
def test_a_held_call_waits_in_the_way_its_client_understands(
    runs: dict[str, Future[Seen]], client: str
) -> None:
    seen, way = runs[client].result(), CLIENTS[client].way
    assert ("task" in seen) == (way is Way.TASK)
    assert ("page" in seen) == (way is Way.PAGE)
    # Clients may tell of their own steps, too; these are the gateway's words.
    assert (WAITING in seen["held"]["told"]) == (way is Way.STREAM), seen["held"]
    if way in (Way.TASK, Way.PAGE, Way.LEGS):
        assert seen["held"]["pending"] == 0


@pytest.mark.parametrize("client", sorted(CLIENTS.keys() - ONE_REQUEST_EACH))
def test_a_client_hears_that_the_tools_changed(runs: dict[str, Future[Seen]], client: str) -> None:
    assert runs[client].result()["hears"] is True


def test_the_status_page_says_where_the_call_stands_and_holds_no_approval_link(
    runs: dict[str, Future[Seen]],
) -> None:
    page = runs["python 2.3 opening pages"].result()["page"]
    assert page["status"] == 200 and "Waiting for an answer" in page["html"]
    assert "/status/" in page["url"] and "/approve/" not in page["url"] + page["html"]
    assert "<form" not in page["html"]


def test_the_page_on_clients_lists_these_clients_and_how_they_wait() -> None:
    page = (Path(__file__).parents[2] / "docs" / "clients.md").read_text(encoding="utf-8")
    tested = page.split("## Clients that are tested")[1]
    rows = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", tested, re.MULTILINE))
    rows.pop("client")
    assert rows == {name: kind.way.value for name, kind in CLIENTS.items()}
    ways = re.findall(r"^\| ([^|]+) \|", page.split("## How a held call waits")[1], re.MULTILINE)
    assert {way.value for way in Way} <= set(ways)


BUFFERED = Bounds(streaming=False, upstream_seconds=20, leg_seconds=1, most_legs=2)
FEW = ("python 2.3 with tasks", "typescript 2.4 legacy")


@pytest.mark.parametrize(
    "client",
    [*FEW, *(pytest.param(each, marks=pytest.mark.full) for each in CLIENTS if each not in FEW)],
)
def test_a_client_works_through_containers_that_share_nothing_but_the_store(
    tmp_path: Path, client: str
) -> None:
    """Sessions, states and tasks are brought back to any of them, whichever gave them out."""
    with (
        upstream_process() as upstream,
        gateway(tmp_path, upstream.url, bounds=BUFFERED, around=ApiGateway) as door,
        approver(door, 2),
    ):
        server = Server("crm", f"{upstream.url}/mcp", private_network=True, allow=("resources",))
        door.register(server, PAIR)
        command = CLIENTS[client].command(door.endpoint(), door.token)
        seen = ran(command, str(tmp_path), hears=False)
        charges = [call for call in upstream.calls if call.get("tool") == "create_charge"]
    assert [check for check, holds in CHECKS.items() if not holds(seen)] == [], seen
    assert len(charges) == 1
