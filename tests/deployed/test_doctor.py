"""`holdpoint doctor` on a deployed stack: what it finds where all is well, and where it is not."""

import asyncio
import json
import sys
from typing import Any

import boto3
import pytest

from handler.admin.probe import NAME as PROBE
from handler.grants.model import GrantStatus
from infra.emulated_stack import NAME, SENDER
from tests.deployed.stage import POLICY, Deployed
from tests.end_to_end.stage import command
from tests.oauth.authority import authorization_server

pytestmark = pytest.mark.anyio


async def doctor(*options: str) -> tuple[int, str]:
    """The exit code and the output, both streams."""
    return await command("doctor", "--stack", NAME, *options)


async def states(*options: str) -> dict[str, dict[str, Any]]:
    _, out = await doctor("--format", "json", *options)
    return {finding["what"]: finding for finding in json.loads(out)}


async def test_it_makes_an_allowed_a_denied_and_a_held_call_and_looks_at_authorities(
    deployed: Deployed,
) -> None:
    with authorization_server() as issuer:
        rule = {"claim": "client_id", "value": "agent", "grant": "examined"}
        named = {"issuer": issuer.issuer, "private_network": True, "grants": [rule]}
        await deployed.apply(POLICY, "examined", oauth=named)
        found = await states()
    await deployed.apply(POLICY)
    told = {what: finding["state"] for what, finding in found.items()}
    calls = ("allowed call", "denied call", "held call")
    rights = ("sealing keys", "log")
    wanted = ("front door", "clock", *calls, *rights, "mail sender", "issuer", "access tokens")
    assert {what: told[what] for what in wanted} == dict.fromkeys(wanted, "fine"), found
    mail = await deployed.mailbox.mail(PROBE)
    assert mail["To"] == SENDER
    ledger = deployed.stack.store.ledger
    held = [each for each in await ledger.approvals(50) if each.server == PROBE]
    assert {each.status.value for each in held} == {"withdrawn"}


async def test_a_second_examination_mails_again_and_leaves_nothing_that_can_be_used(
    deployed: Deployed,
) -> None:
    await states()
    await deployed.mailbox.mail(PROBE)
    assert await deployed.stack.store.registry.server(PROBE) is None
    grant = await deployed.stack.store.ledger.grant(PROBE)
    assert grant is not None
    assert (grant.status, grant.token_hashes) == (GrantStatus.REVOKED, ())


async def test_it_says_what_is_wrong_with_the_sender_and_how_to_mend_it(
    deployed: Deployed,
) -> None:
    client = boto3.client("sesv2")
    client.delete_email_identity(EmailIdentity=SENDER)
    try:
        code, out = await doctor()
    finally:
        client.create_email_identity(EmailIdentity=SENDER)
        client.close()
    assert code == 1
    await deployed.mailbox.mail(PROBE)  # the emulator mails all the same; nobody else is to find it
    assert f"SES has not verified {SENDER}" in out and "create-email-identity" in out


async def test_a_stack_that_is_not_there_is_one_clear_sentence(deployed: Deployed) -> None:
    command = ("-m", "handler.cli.main", "doctor", "--stack", "nothing-here")
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert errors.decode().startswith("holdpoint: cannot read the stack `nothing-here`")
