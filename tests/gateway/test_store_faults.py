"""A store that is away, slow or half there: every call is denied in time, and none is forwarded."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from handler.stores.base import StoreUnavailable
from handler.stores.sqlite.store import SQLiteStore
from tests.gateway.test_held_calls import with_tasks
from tests.gateway.world import Gateway, UpstreamProcess, gateway, legacy, modern
from tests.patience import PATIENCE

MESSAGE = {"to": "+1500", "body": "hello"}


class Faulty:
    """A port, or a whole store, in which one method can be made to fail or to hang."""

    def __init__(self, inner: Any, faults: dict[str, str]) -> None:
        self._inner, self._faults = inner, faults

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return Faulty(found, self._faults)
        if (fault := self._faults.get(name)) is None:
            return found

        async def failing(*args: Any, **kwargs: Any) -> Any:
            if fault == "hangs":
                await asyncio.Event().wait()
            if fault == "acts, then fails":
                await found(*args, **kwargs)
            raise StoreUnavailable("canary of the inside") if fault != "breaks" else OSError("x")

        return failing


@contextmanager
def faulty(
    folder: Path, url: str, store_seconds: float = PATIENCE
) -> Iterator[tuple[Gateway, dict[str, str]]]:
    faults: dict[str, str] = {}
    store: Any = Faulty(SQLiteStore(folder / "store.db"), faults)
    with gateway(folder, url, store=store, store_seconds=store_seconds) as door:
        yield door, faults


@pytest.mark.parametrize("fault", ["fails", "breaks", "hangs", "acts, then fails"])
@pytest.mark.parametrize("method", ["enter", "server", "append"])
def test_without_its_store_the_gateway_denies_in_time_and_forwards_nothing(
    tmp_path: Path, upstream: UpstreamProcess, method: str, fault: str
) -> None:
    patience = 1.0 if fault == "hangs" else PATIENCE
    with faulty(tmp_path, upstream.url, patience) as (door, faults):
        assert not door.call("send_message", MESSAGE).json()["result"]["isError"]
        faults[method] = fault
        began = time.monotonic()
        answered = door.call("send_message", MESSAGE)
        assert time.monotonic() - began < PATIENCE / 2
        assert (answered.status_code, answered.json()["error"]["code"]) == (200, -32603)
        assert "canary" not in answered.text
        assert door.meter.refused == 1 and len(door.meter.judged_in) == 1
        faults.clear()
        assert not door.call("send_message", MESSAGE).json()["result"]["isError"]
        assert len(upstream.calls) == 2


@pytest.mark.parametrize("method", ["tools/list", "ping", "initialize"])
def test_without_its_store_the_gateway_serves_no_other_method_either(
    tmp_path: Path, upstream: UpstreamProcess, method: str
) -> None:
    make = modern if method == "tools/list" else legacy
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {}}
    body, headers = make(method, params if method == "initialize" else {})
    with faulty(tmp_path, upstream.url) as (door, faults):
        faults["enter"] = "fails"
        answered = door.post(body, headers=headers)
    assert (answered.status_code, answered.json()["error"]["code"]) == (200, -32603)
    assert door.meter.refused == 1
    assert upstream.recorded()["requests"] == []


def test_no_store_is_asked_about_names_that_are_longer_than_any(tmp_path: Path) -> None:
    """One that takes no such key would fail, and ring the operator's alarm for a stranger."""
    body, headers = with_tasks("tasks/get", {"taskId": "a" * 65})
    with faulty(tmp_path, "http://127.0.0.1:9/mcp") as (door, faults):
        faults["approval"] = "fails"
        task = door.post(body, headers=headers)
        faults["server"] = "fails"
        elsewhere = door.post(body, headers=headers, server="a" * 64)
        known = httpx2.get(f"{door.url}/.well-known/oauth-protected-resource/mcp/{'a' * 64}")
    assert (task.status_code, task.json()["error"]["message"]) == (400, "no such task")
    assert (elsewhere.status_code, known.status_code) == (401, 404)
    assert door.meter.refused == 0


def test_a_call_that_could_not_be_recorded_gives_its_quota_back(
    tmp_path: Path, upstream: UpstreamProcess
) -> None:
    with faulty(tmp_path, upstream.url) as (door, faults):
        door.call("send_message", MESSAGE)
        faults["append"] = "fails"
        for _ in range(20):
            door.call("send_message", MESSAGE)
        faults.clear()
        results = [door.call("send_message", MESSAGE).json()["result"] for _ in range(10)]
    assert [result["isError"] for result in results] == [False] * 9 + [True]


@pytest.mark.parametrize(
    ("fault", "told"), [(None, "no quota was used"), ("fails", "its quota could not be given back")]
)
def test_what_is_said_of_the_quota_of_a_call_that_was_not_sent_is_so(
    tmp_path: Path, fault: str | None, told: str
) -> None:
    with faulty(tmp_path, "http://127.0.0.1:9/mcp") as (door, faults):
        if fault is not None:
            faults["release"] = fault
        answered = [door.call("send_message", MESSAGE).json()["result"] for _ in range(11)]
    assert (
        f"[NOT SENT] The upstream was not reached, so nothing was executed and {told}"
        in (answered[0]["content"][0]["text"])
    )
    spent = "[POLICY DENIED]" in answered[10]["content"][0]["text"]
    assert spent is (fault is not None)


def test_records_hold_the_names_of_arguments_and_never_a_value(
    tmp_path: Path, upstream: UpstreamProcess
) -> None:
    with faulty(tmp_path, upstream.url) as (door, _):
        door.call("send_message", {"to": "canary-1", "body": "canary-2"})
        door.call("create_charge", {"amount": 1, "currency": "canary-3"})
        decided, ended, denied = door.journal()
    assert decided["arguments"] == ["body", "to"] and "more_arguments" not in decided
    assert (decided["effect"], ended["outcome"], denied["effect"]) == ("allow", "answered", "deny")
    assert decided["call"] == ended["call"] != denied["call"]
    assert "canary" not in str([decided, ended, denied])


def test_a_record_says_how_many_arguments_it_does_not_name(
    tmp_path: Path, upstream: UpstreamProcess
) -> None:
    with faulty(tmp_path, upstream.url) as (door, _):
        door.call("send_message", {**MESSAGE, **{f"a{number:03}": 1 for number in range(100)}})
        decided, *_ = door.journal()
    assert decided["arguments"] == [f"a{number:03}" for number in range(64)]
    assert decided["more_arguments"] == 38
