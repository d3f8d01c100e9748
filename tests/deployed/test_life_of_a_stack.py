"""A stack of its own from its first deployment to its end: what changes keep, and what stays."""

import asyncio
from contextlib import closing

import boto3
import pytest

from handler.entry.stack import open_stack
from infra.emulated_stack import delete, deploy
from infra.emulator import ACCOUNT, REGION, Emulator
from tests.deployed.stage import Deployed
from tests.infra.acts import POLICY, SERVER

pytestmark = [pytest.mark.anyio, pytest.mark.full]

NAME = "another-life"

FIRST = {"SenderEmail": "life@example.com"}
"""The other stack's sender is that one's to make and to take away."""

OTHERS = {
    "SenderEmail": "another@example.com",
    "CreateSenderIdentity": "false",
    "MailDomains": "*@example.com",
    "PublicUrl": "https://gateway.example.com",
    "AllowedOrigins": "https://inspector.example.com",
    "HoldSeconds": "0",
    "MostPending": "5",
    "MemoryMegabytes": "1024",
    "ReservedConcurrency": "10",
    "RequestsPerSecond": "1000",
    "LogRetentionDays": "30",
    "KmsKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "AlarmEmail": "oncall@example.com",
}
"""Each parameter that needs no other bundle, otherwise than it was first deployed."""


async def deployed_as(emulator: Emulator, parameters: dict[str, str]) -> None:
    await asyncio.to_thread(lambda: deploy(emulator, NAME, **parameters))


async def facts() -> dict[str, object]:
    """What the stack keeps: its tables and keys by name, and a server in one of them."""
    stack = await asyncio.to_thread(open_stack, NAME)
    try:
        kept = ("RegistryTable", "LedgerTable", "AnswersTable", "SealingKeysArn", "DecisionLog")
        return {
            **{output: stack.outputs[output] for output in kept},
            "server": await stack.store.registry.server(SERVER.name),
            "key": await stack.seal() is not None,
        }
    finally:
        await stack.close()


async def test_a_stack_keeps_its_data_through_every_change_and_its_end_leaves_it_there(
    deployed: Deployed,
) -> None:
    emulator = deployed.emulator
    await deployed_as(emulator, FIRST)
    try:
        stack = await asyncio.to_thread(open_stack, NAME)
        assert await stack.store.registry.publish([POLICY], [SERVER], seen=[])
        await stack.close()
        first = await facts()
        assert first["server"] == SERVER
        for parameters in (OTHERS, FIRST):
            await deployed_as(emulator, parameters)
            assert await facts() == first
    finally:
        await asyncio.to_thread(delete, emulator, NAME)
    assert {first["RegistryTable"], first["LedgerTable"], first["AnswersTable"]} <= tables()
    assert not {name for name in tables() if name.startswith(f"{NAME}-Payloads")}
    assert groups() == {"gateway", "approvals", "workflow", "machine"}
    try:
        await deployed_as(emulator, FIRST)
        again = await facts()
        assert again["server"] is None
        assert again["DecisionLog"] != first["DecisionLog"]
    finally:
        await asyncio.to_thread(delete, emulator, NAME)


def tables() -> set[str]:
    with closing(boto3.client("dynamodb")) as client:
        return set(client.list_tables()["TableNames"])


def groups() -> set[str]:
    """The functions and the like whose logs are there."""
    with closing(boto3.client("logs")) as client:
        found = [group["logGroupName"] for group in client.describe_log_groups()["logGroups"]]
    return {name.split("/")[-2] for name in found if f"/{NAME}/" in name}
