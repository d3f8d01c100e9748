"""The deployment's keys are rotated while calls are held: no container has to end first."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import closing

import pytest

from handler.approvals.lifecycle import Status
from tests.emulated.world import emulator
from tests.strict.world import SEALING_TEXT, World, client

pytestmark = pytest.mark.anyio

ROTATED = {"current": "a newer text", "previous": [SEALING_TEXT]}
BEFORE = {"current": SEALING_TEXT, "previous": []}


def put(strict: World, texts: Mapping[str, object]) -> None:
    with closing(client("secretsmanager", emulator().url)) as secrets:
        secrets.put_secret_value(SecretId=strict.sealing, SecretString=json.dumps(texts))


async def runs(strict: World, label: str) -> None:
    assert await strict.press(await strict.link(label), "approve") == "Approved"
    await strict.becomes(label, Status.EXECUTED)
    assert strict.upstream.calls[label] == 1


async def test_calls_that_were_held_before_and_after_a_rotation_are_shown_and_run(
    strict: World,
) -> None:
    before, _ = await strict.held()
    warm, _ = await strict.held()
    await runs(strict, warm)  # all three functions have the old keys now
    await asyncio.to_thread(put, strict, ROTATED)
    await strict.gateway.kill()
    try:
        after, _ = await strict.held()
        await runs(strict, after)
        await runs(strict, before)
    finally:
        await asyncio.to_thread(put, strict, BEFORE)
        for function in (strict.gateway, strict.approvals, strict.workflow):
            await function.kill()
