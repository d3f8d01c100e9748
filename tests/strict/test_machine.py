"""The state machine on an interpreter that is as strict as AWS's: every path, retry and catch."""

import asyncio

import pytest

from handler.approvals.lifecycle import Status
from tests.strict.world import World

pytestmark = pytest.mark.anyio

CARRIED = ["Notify", "Follow", "IsFinal", "Done"]


async def test_an_approved_call_runs_once_and_its_execution_ends(strict: World) -> None:
    label, held = await strict.held()
    assert await strict.press(await strict.link(label), "approve") == "Approved"
    assert (await strict.ended(held))["status"] == "SUCCEEDED"
    assert await strict.status(label) is Status.EXECUTED
    assert strict.upstream.calls[label] == 1
    assert strict.states(held) == CARRIED
    assert strict.errors(held) == []
