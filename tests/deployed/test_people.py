"""What a viewer reads of a stack with the operators' commands, under the stack's own policy.

The emulator decides by the identity's policies, as far as it knows their conditions; tests/infra
decides the same requests by the policies' text.
"""

import asyncio
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from unittest.mock import patch

import boto3
import pytest

from handler.demo.agent import agent
from infra.emulated_stack import NAME
from tests.deployed.stage import Deployed
from tests.end_to_end.stage import command

pytestmark = pytest.mark.anyio


@pytest.fixture
def viewer(deployed: Deployed) -> Iterator[Mapping[str, str]]:
    """The environment of somebody to whom the viewer policy is attached and nothing else."""
    with closing(boto3.client("iam")) as iam:
        iam.create_user(UserName="viewer")
        policy = deployed.stack.outputs["ViewerPolicyArn"]
        iam.attach_user_policy(UserName="viewer", PolicyArn=policy)
        key = iam.create_access_key(UserName="viewer")["AccessKey"]
        own = {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }
        yield {**deployed.emulator.environment, **own}
        iam.delete_access_key(UserName="viewer", AccessKeyId=key["AccessKeyId"])
        iam.detach_user_policy(UserName="viewer", PolicyArn=policy)
        iam.delete_user(UserName="viewer")


async def run(identity: Mapping[str, str], *arguments: str) -> tuple[int, str]:
    """The exit code and the output of a command of theirs."""
    with patch.dict(os.environ, identity, clear=True):
        return await command(*arguments, "--stack", NAME)


READS = {
    "server list": "shop",
    "server show shop": "shop",
    "grant list": "watched",
    "grant show watched": "watched",
    "policy show shop default": "create_refund",
    "policy history shop default": "",
    "approvals list": "watched",
    "approvals list --all": "watched",
    "log search --grant watched": "shop/create_refund(amount, charge)",
    "log tail --grant watched": "shop/create_refund(amount, charge)",
    "drift list": "",
}
"""Every command that only reads, and what it says of the call below."""


async def test_a_viewer_reads_all_but_arguments_and_answers_and_is_told_what_is_left_out(
    deployed: Deployed, viewer: Mapping[str, str]
) -> None:
    token = await deployed.token("watched")
    async with agent(deployed.url(), token, "legacy") as client:
        refund = {"charge": "ch_watched", "amount": 250.0}
        waiting = asyncio.create_task(client.call_tool("create_refund", refund))
        await deployed.mailbox.mail("ch_watched")
        found = {reads: await run(viewer, *reads.split()) for reads in READS}
        wrong = {
            reads: printed
            for reads, (code, printed) in found.items()
            if code or READS[reads] not in printed
        }
        assert wrong == {}
        _, listed = await run(viewer, "approvals", "list", "--format", "json")
        (held,) = [each["id"] for each in json.loads(listed) if each["agent"] == "watched"]

        code, shown = await run(viewer, "approvals", "show", held)
        assert code == 0 and "create_refund" in shown and "ops@example.com" in shown, shown
        assert "its answers are not shown: you have no right" in shown
        assert "its arguments are not shown: your AWS identity may not read" in shown
        assert "ch_watched" not in shown
        code, shown = await run(viewer, "approvals", "show", held, "--format", "json")
        told = json.loads(shown)
        assert (told["arguments"], told["answers"], told["call"] != "") == (None, None, True)
        assert set(told["not_shown"]) == {"arguments", "answers"}

        code, printed = await run(viewer, "approvals", "reject", held)
        assert code == 2 and "your AWS identity may not read" in printed
        await waiting


async def test_the_doctor_says_which_rights_an_identity_lacks(
    deployed: Deployed, viewer: Mapping[str, str]
) -> None:
    code, printed = await run(viewer, "doctor", "--format", "json")
    found = {finding["what"]: finding for finding in json.loads(printed)}
    assert code == 1
    for lacking in ("sealing keys", "tables"):
        assert found[lacking]["state"] == "wrong"
        assert "attach the stack's admin policy" in found[lacking]["mend"]


async def test_a_viewer_changes_nothing(deployed: Deployed, viewer: Mapping[str, str]) -> None:
    await deployed.token("kept")
    for changes in ("pause --grant kept", "pause --server shop", "grant revoke kept"):
        code, printed = await run(viewer, *changes.split())
        assert code == 2 and "your AWS identity has no right to it" in printed, printed
        assert "AdminPolicyArn" in printed and "try again" not in printed
    assert (await deployed.grant("kept")).status.value == "active"
    server = await deployed.stack.store.registry.server("shop")
    assert server is not None and not server.paused
