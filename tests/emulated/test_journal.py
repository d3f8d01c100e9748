"""The log groups of a stack read as one."""

import asyncio
import io
import secrets
import time

import pytest

from handler.stores import cloudwatch
from handler.stores.cloudwatch import CloudWatchJournal
from tests.emulated.place import Runtime, log_client, make_log
from tests.emulated.world import emulator, needs_emulator

pytestmark = needs_emulator


def test_the_records_of_several_groups_are_read_in_the_order_in_which_they_were_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The gateway function writes decisions, the workflow function how held calls ended."""
    monkeypatch.setattr(cloudwatch, "AT_ONCE", 2)
    names = [f"records-{secrets.token_hex(4)}" for _ in range(2)]
    client = log_client(emulator().url)
    for name in names:
        make_log(emulator().url, name)

    async def scenario() -> None:
        writers = [CloudWatchJournal(Runtime(client, name), (), lambda: client) for name in names]
        began = time.time()
        records = [{"call": str(number), "at": began + number / 10} for number in range(6)]
        for number, record in enumerate(records):
            await writers[number % 2].append(record)
            await asyncio.to_thread(_passed, time.time())
        reader = CloudWatchJournal(io.StringIO(), names, lambda: client)
        assert [each async for each in reader.between(began, began + 10)] == records
        assert await reader.recent(4) == records[2:]

    asyncio.run(scenario())
    client.close()


def _passed(moment: float) -> None:
    """Until the next millisecond: a log tells no finer times."""
    while int(time.time() * 1000) <= int(moment * 1000):
        pass
