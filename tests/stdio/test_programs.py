"""Programs as upstreams: they are started, shared, bounded, started again, and ended."""

import asyncio
import gc
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handler.gateway import head
from handler.gateway.bounds import Bounds
from handler.gateway.exchange import Arrived, Broken, NeverReached
from handler.gateway.server import Server
from handler.secrets import Environment, Secrets
from handler.stdio import shelf
from handler.stdio.commands import Programs, safe
from tests.patience import PATIENCE

pytestmark = pytest.mark.anyio

BOUNDS = Bounds(upstream_seconds=PATIENCE, largest_answer=2_000_000)
MODERN = {head.METHOD: "any"}
META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def server(manner: str, folder: Path, **changes: Any) -> Server:
    command = (sys.executable, "-m", "tests.stdio.odd", manner, str(folder / "pids"))
    return Server("odd", "", command=command, **changes)


def pids(folder: Path) -> list[int]:
    file = folder / "pids"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def gone(pid: int) -> None:
    """Once a killed program is no more: where patience is cut short, its end may come late."""
    async with asyncio.timeout(PATIENCE):
        while runs(pid):
            await asyncio.sleep(0.01)


@asynccontextmanager
async def programs(bounds: Bounds = BOUNDS, **options: Any) -> AsyncIterator[Programs]:
    secrets = Secrets({"env": Environment({"KEY": "value"})})
    made = Programs(secrets, bounds, safe(os.environ), **options)
    try:
        yield made
    finally:
        await made.close()


def request(id: object = 1, method: str = "tools/list", **params: Any) -> bytes:
    body = {"jsonrpc": "2.0", "id": id, "method": method, "params": {**params, "_meta": META}}
    return json.dumps(body).encode()


async def answered(made: Programs, at: Server, id: object = 1) -> list[str]:
    """The events of one modern request."""
    arrived = await made.send(at, MODERN, request(id), "POST")
    assert isinstance(arrived, Arrived), arrived
    async with arrived:
        return [text async for text in arrived.events()]


async def opened(made: Programs, at: Server) -> str:
    arrived = await made.send(at, {}, request(method="initialize"), "POST")
    assert isinstance(arrived, Arrived) and arrived.session is not None
    async with arrived:
        assert [text async for text in arrived.events()]
    return arrived.session


async def test_an_answer_comes_back_letter_for_letter_under_the_requests_id(
    tmp_path: Path,
) -> None:
    async with programs() as made:
        (text,) = await answered(made, server("well", tmp_path), "mine")
    numbers = '{"big": 1.00000000000000000000001, "big2": 1e400}'
    assert text == '{"jsonrpc": "2.0", "id": "mine", "result": ' + numbers + "}"


async def test_modern_requests_share_a_program_and_legacy_sessions_do_not(tmp_path: Path) -> None:
    at = server("well", tmp_path)
    async with programs() as made:
        await answered(made, at)
        await answered(made, at)
        assert len(pids(tmp_path)) == 1
        first, second = await opened(made, at), await opened(made, at)
        assert first != second and len(pids(tmp_path)) == 3
        await answered(made, at)
        assert len(pids(tmp_path)) == 3


async def test_an_unknown_session_is_not_found_and_an_ended_one_neither(tmp_path: Path) -> None:
    at = server("well", tmp_path)
    async with programs() as made:
        session = await opened(made, at)
        (pid,) = pids(tmp_path)
        ended = await made.send(at, {head.SESSION: session}, None, "DELETE")
        assert isinstance(ended, Arrived) and ended.status == 200
        assert not runs(pid)
        for one in (session, "guessed"):
            sent = await made.send(at, {head.SESSION: one}, request(), "POST")
            assert isinstance(sent, Arrived) and sent.status == 404


async def test_the_session_unused_longest_makes_room_for_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "MOST_SESSIONS", 2)
    at = server("well", tmp_path)
    async with programs() as made:
        sessions = [await opened(made, at) for _ in range(3)]
        assert [runs(pid) for pid in pids(tmp_path)] == [False, True, True]
        gone = await made.send(at, {head.SESSION: sessions[0]}, request(), "POST")
        assert isinstance(gone, Arrived) and gone.status == 404


async def test_what_a_shared_program_says_unasked_is_told_to_nobody(tmp_path: Path) -> None:
    async with programs() as made:
        events = await answered(made, server("noisy", tmp_path))
    assert len(events) == 1 and "unasked" not in events[0]


async def test_what_a_program_of_one_agent_says_unasked_is_told_to_it(tmp_path: Path) -> None:
    async with programs(single=True) as made:
        events = await answered(made, server("noisy", tmp_path))
    assert ["unasked" in text for text in events] == [True, False, False]
    assert "sampling/createMessage" in events[1]


async def test_a_line_that_is_too_long_ends_the_program_and_not_the_gateway(
    tmp_path: Path,
) -> None:
    async with programs() as made:
        with pytest.raises(Broken):
            await answered(made, server("long", tmp_path))
        (pid,) = pids(tmp_path)
    assert not runs(pid)


async def test_the_streams_of_a_program_with_a_line_that_is_too_long_are_closed(
    tmp_path: Path,
) -> None:
    async with programs(replace(BOUNDS, largest_answer=1_000)) as made:
        with pytest.raises(Broken):
            await answered(made, server("gushing", tmp_path))
    gc.collect()  # what was left open is said here, and so fails the test


async def test_a_program_that_keeps_ending_is_not_started_again_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "SHORTEST_PAUSE", shelf.LONGEST_PAUSE)
    at = server("dies", tmp_path)
    async with programs() as made:
        with pytest.raises(Broken):
            await answered(made, at)
        refused = await made.send(at, MODERN, request(), "POST")
    assert isinstance(refused, NeverReached) and "keeps ending" in refused.reason
    assert len(pids(tmp_path)) == 1


@pytest.mark.parametrize("modern", [True, False])
async def test_a_program_that_runs_on_after_its_last_word_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, modern: bool
) -> None:
    monkeypatch.setattr("handler.stdio.child.PATIENCE", 0.2)
    at = server("closes its output", tmp_path)
    async with programs() as made:
        opening = request(method="tools/list" if modern else "initialize")
        arrived = await made.send(at, MODERN if modern else {}, opening, "POST")
        assert isinstance(arrived, Arrived)
        with pytest.raises(Broken):
            await anext(arrived.events())
        (pid,) = pids(tmp_path)
        assert runs(pid)
        again = MODERN if modern else {head.SESSION: arrived.session or ""}
        await made.send(at, again, request(), "POST")
        await gone(pid)


def test_each_early_end_doubles_the_pause_and_a_late_one_forgives() -> None:
    now = [0.0]
    backoff = shelf.Backoff(lambda: now[0])
    pauses = []
    for _ in range(9):
        backoff.ended(now[0])
        pauses.append(backoff.left)
        now[0] += backoff.left
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    backoff.ended(now[0] - shelf.STABLE)
    assert backoff.left == 0 and backoff.failures == 0


async def test_closing_ends_even_a_program_that_ignores_being_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handler.stdio.child.PATIENCE", 0.2)
    async with programs() as made:
        await answered(made, server("stubborn", tmp_path))
        (pid,) = pids(tmp_path)
        assert runs(pid)
    await gone(pid)
    late = await made.send(server("well", tmp_path), MODERN, request(), "POST")
    assert isinstance(late, NeverReached)


async def test_a_command_that_is_not_there_is_never_reached(tmp_path: Path) -> None:
    at = Server("odd", "", command=(str(tmp_path / "nothing"),))
    async with programs() as made:
        for method in ("OPTIONS", "POST"):
            sent = await made.send(at, MODERN, request(), method)
            assert isinstance(sent, NeverReached), sent


async def test_a_changed_command_replaces_the_program(tmp_path: Path) -> None:
    async with programs() as made:
        await answered(made, server("well", tmp_path))
        await answered(made, server("noisy", tmp_path))
        first, second = pids(tmp_path)
        assert not runs(first) and runs(second)


async def test_a_program_gets_the_variables_named_for_it_and_no_secret_of_others() -> None:
    assert "SECRET" not in safe({"SECRET": "x", "PATH": "/bin"})
    script = "import json,os,sys;i=json.loads(input())['id'];" + (
        "print(json.dumps({'jsonrpc':'2.0','id':i,'result':dict(os.environ)}))"
    )
    at = Server("env", "", command=(sys.executable, "-c", script), env={"GIVEN": "env:KEY"})
    async with programs() as made:
        (text,) = await answered(made, at)
    seen = json.loads(text)["result"]
    assert seen["GIVEN"] == "value" and "KEY" not in seen
