"""The CPU of one counted call's write: `python -m tests.bench.counter [calls]`.

Our conditional update of a grant with one limit, against boto3's `update_item` of one counter, both
to the emulator, one call at a time, turn by turn. Bar: at most half. Exits 1 above it.
"""

import asyncio
import os
import platform
import statistics
import sys
import time

import boto3

from handler.stores.dynamodb.store import DynamoStore
from handler.stores.ledger import Entered
from infra.emulator import REGION
from tests.emulated.samples import UNIT, claim, debit, grant
from tests.emulated.world import connection, emulator, journal, make_tables, now

BAR = 0.5
BATCH = 25
"""Calls between two looks at the CPU clock."""


async def measure(calls: int) -> dict[str, float]:
    """The median microseconds of CPU of one call."""
    url = emulator().url
    names = await make_tables(url)
    store = DynamoStore(connection(url), names, journal())
    await store.ledger.put_grant(grant())
    table = boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    asked = (debit(now(), maximum=10**9 * UNIT),)

    async def ours() -> None:
        assert isinstance(await store.ledger.enter(claim(), asked, now()), Entered)

    async def sdks() -> None:
        table.update_item(
            TableName=names.ledger,
            Key={"pk": {"S": "counter"}},
            UpdateExpression="SET n = if_not_exists(n, :zero) + :one",
            ConditionExpression="attribute_not_exists(n) OR n <= :room",
            ExpressionAttributeValues={
                ":zero": {"N": "0"},
                ":one": {"N": "1"},
                ":room": {"N": "1000000000"},
            },
            ReturnValues="ALL_NEW",
        )

    steps = {"holdpoint": ours, "boto3": sdks}
    spent: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(calls // BATCH + 1):
        for name, step in steps.items():
            began = time.process_time()
            for _ in range(BATCH):
                await step()
            if turn:
                spent[name].append((time.process_time() - began) / BATCH * 1e6)
    table.close()
    await store.close()
    return {name: statistics.median(each) for name, each in spent.items()}


def main() -> int:
    medians = asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 500))
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for name, median in medians.items():
        print(f"{name:12}{median:8.0f} us of CPU a call")
    share = medians["holdpoint"] / medians["boto3"]
    print(f"the counter step: {share:.2f} of boto3's update_item; the bar is {BAR}")
    return 0 if share <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
