"""What `holdpoint doctor` says of an account that does not allow what a stack needs.

The emulator's account is all right; a proxy in front of it answers as AWS does for one that is not.
"""

import asyncio
import os
from collections.abc import Mapping
from contextlib import closing
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from aiohttp import web

from handler.admin.findings import Finding, State
from handler.entry import account
from infra.emulator import REGION
from tests.emulated.faults import Fault, Handler, Proxy
from tests.emulated.world import emulator, needs_emulator

pytestmark = needs_emulator

SENDER = "doctor@example.com"
MAIL = {"SendingEnabled": True, "ProductionAccessEnabled": True}
LIMITS = {"AccountLimit": {"ConcurrentExecutions": 1000}, "AccountUsage": {}}


def answers(body: Mapping[str, Any]) -> Handler:
    async def answer(proxy: Proxy, request: web.Request, asked: bytes) -> web.StreamResponse:
        return web.json_response(body)

    return answer


def refuses(status: int, code: str) -> Handler:
    """In both of AWS's forms: REST services read the header, query services the text."""

    async def refuse(proxy: Proxy, request: web.Request, asked: bytes) -> web.StreamResponse:
        if asked.startswith(b"Action="):
            text = f"<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>"
            return web.Response(status=status, text=text, content_type="text/xml")
        return web.json_response({}, status=status, headers={"x-amzn-errortype": code})

    return refuse


def found(**faults: Handler | Fault) -> dict[str, Finding]:
    """The findings where these operations are answered so."""
    healthy = {"GetAccount": answers(MAIL), "GetAccountSettings": answers(LIMITS)}

    def plan(operation: str, number: int) -> Handler | Fault | None:
        return {**healthy, **faults}.get(operation)

    async def examined() -> dict[str, Finding]:
        async with Proxy(emulator().url).running() as proxy:
            proxy.plan = plan
            environment = {
                **emulator().environment,
                "AWS_ENDPOINT_URL": proxy.url,
                "AWS_MAX_ATTEMPTS": "1",
            }
            with patch.dict(os.environ, environment, clear=True):
                session = boto3.Session(region_name=REGION)
                told = await asyncio.to_thread(account.findings, session, SENDER)
        return {finding.what: finding for finding in told}

    return asyncio.run(examined())


@pytest.fixture(scope="module", autouse=True)
def verified() -> None:
    own = patch.dict(os.environ, emulator().environment, clear=True)
    with own, closing(boto3.client("sesv2")) as client:
        client.create_email_identity(EmailIdentity=SENDER)


def test_an_account_that_allows_all_is_fine() -> None:
    assert {each.state for each in found().values()} == {State.FINE}


WRONG: dict[str, tuple[str, str, dict[str, Any], str, str]] = {
    "sandbox": (
        *("mail account", "GetAccount"),
        {**MAIL, "ProductionAccessEnabled": False},
        *("sandbox", "ask for production access"),
    ),
    "mail stopped": (
        *("mail account", "GetAccount", {**MAIL, "SendingEnabled": False}),
        *("stopped this account's mail", "ask in the SES console"),
    ),
    "no mail left": (
        *("mail account", "GetAccount"),
        {**MAIL, "SendQuota": {"Max24HourSend": 200.0, "SentLast24Hours": 180.0}},
        *("180 of the 200", "Service Quotas"),
    ),
    "few functions at a time": (
        *("concurrency", "GetAccountSettings"),
        {"AccountLimit": {"ConcurrentExecutions": 10}, "AccountUsage": {}},
        *("10 functions may run at a time", "Service Quotas"),
    ),
    "sender not verified": (
        *("mail sender", "GetEmailIdentity", {"VerifiedForSendingStatus": False}),
        *(f"has not verified {SENDER}", "create-email-identity"),
    ),
}
"""Where; the operation, and what it answers; what is said to be wrong, and how to mend it."""


@pytest.mark.parametrize("case", WRONG)
def test_what_an_account_lacks_is_said_and_how_to_mend_it(case: str) -> None:
    what, operation, body, told, mend = WRONG[case]
    findings = found(**{operation: answers(body)})
    assert findings[what].state is State.WRONG
    assert told in findings[what].told and mend in findings[what].mend
    assert {each.state for name, each in findings.items() if name != what} == {State.FINE}


ASKED = {
    "identity": "GetCallerIdentity",
    "mail sender": "GetEmailIdentity",
    "mail account": "GetAccount",
    "concurrency": "GetAccountSettings",
}
REFUSED = {
    "AccessDeniedException": (403, "with an identity that has "),
    "InternalFailure": (500, "run it again"),
    "TooManyRequestsException": (429, "run it again"),
    "ExpiredToken": (403, "sign in again"),
}


@pytest.mark.parametrize("what", ASKED)
@pytest.mark.parametrize("code", REFUSED)
def test_what_cannot_be_asked_is_told_with_the_reason_and_what_to_do(what: str, code: str) -> None:
    status, mend = REFUSED[code]
    finding = found(**{ASKED[what]: refuses(status, code)})[what]
    assert finding.state is State.UNTOLD
    assert code in finding.told and mend in finding.mend


@pytest.mark.parametrize("what", ASKED)
def test_a_service_that_cannot_be_reached_is_told(what: str) -> None:
    finding = found(**{ASKED[what]: Fault.LOST_REQUEST})[what]
    assert finding.state is State.UNTOLD and "run it again" in finding.mend
