"""What an AWS account allows a stack: whose identity works, mail, concurrency. Read with the SDK.

Nothing here changes anything. What may not be asked is untold, which is no fault of the stack.
"""

from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from handler.admin.findings import Finding, State
from handler.entry import refusals

FEW_EXECUTIONS = 100
"""A new account may start with 10, which one slow upstream fills."""

RIGHTS = ("ses:GetEmailIdentity", "ses:GetAccount", "lambda:GetAccountSettings")
"""What the questions need; whose identity works may be asked by everybody."""

UNLIMITED = -1

FEW_MAILS = 50
"""Fewer left of a day's quota is too few: SES refuses what is above it."""


def findings(session: boto3.Session, sender: str) -> list[Finding]:
    """One finding about each thing that can be asked."""
    return [
        _asked("identity", "sts:GetCallerIdentity", lambda: _identity(session)),
        _asked("mail sender", "ses:GetEmailIdentity", lambda: _sender(session, sender)),
        _asked("mail account", "ses:GetAccount", lambda: _mail(session)),
        _asked("concurrency", "lambda:GetAccountSettings", lambda: _concurrency(session)),
    ]


def _asked(what: str, right: str, ask: Callable[[], Finding]) -> Finding:
    try:
        return ask()
    except (BotoCoreError, ClientError) as error:
        told = f"could not be asked ({right}): {refusals.code(error) or refusals.said(error)}"
        mend = refusals.mend(error, f"run it with an identity that has {right}")
        return Finding(what, State.UNTOLD, told, mend)


def _identity(session: boto3.Session) -> Finding:
    arn = session.client("sts").get_caller_identity()["Arn"]
    return Finding("identity", State.FINE, f"you work as {arn}")


def _sender(session: boto3.Session, sender: str) -> Finding:
    """The sender's address is verified by itself or by its domain."""
    client = session.client("sesv2")
    for name in (sender, sender.rpartition("@")[2]):
        found = _identity_of(client, name)
        if found is not None and found.get("VerifiedForSendingStatus"):
            return Finding("mail sender", State.FINE, f"{name} is verified")
    return Finding(
        "mail sender",
        State.WRONG,
        f"SES has not verified {sender}",
        f"run `aws sesv2 create-email-identity --email-identity {sender}` and open the link in "
        "the mail that comes, or verify its domain",
    )


def _identity_of(client: Any, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = client.get_email_identity(EmailIdentity=name)
        return found
    except ClientError as error:
        if error.response["Error"]["Code"] == "NotFoundException":
            return None
        raise


def _mail(session: boto3.Session) -> Finding:
    account = session.client("sesv2").get_account()
    if not account.get("SendingEnabled", True):
        return Finding(
            "mail account",
            State.WRONG,
            "SES has stopped this account's mail",
            "read the mails of AWS about it, and ask in the SES console",
        )
    if not account.get("ProductionAccessEnabled", True):
        return Finding(
            "mail account",
            State.WRONG,
            "SES keeps this account in its sandbox: it mails only to verified addresses",
            "ask for production access in the SES console, or verify every approver's address",
        )
    quota = account.get("SendQuota", {})
    most, sent = int(quota.get("Max24HourSend", -1)), int(quota.get("SentLast24Hours", 0))
    if most != UNLIMITED and most - sent < FEW_MAILS:
        return Finding(
            "mail account",
            State.WRONG,
            f"SES has sent {sent} of the {most} mails that this account may send in 24 hours",
            "ask for more in the Service Quotas console (Amazon SES, sending quota)",
        )
    return Finding("mail account", State.FINE, "SES sends to anybody")


def _concurrency(session: boto3.Session) -> Finding:
    settings = session.client("lambda").get_account_settings()
    most = int(settings["AccountLimit"]["ConcurrentExecutions"])
    told = f"{most} functions may run at a time in this account and region"
    if most >= FEW_EXECUTIONS:
        return Finding("concurrency", State.FINE, told)
    return Finding(
        "concurrency",
        State.WRONG,
        told,
        "ask for more in the Service Quotas console (AWS Lambda, concurrent executions); until "
        "then deploy with HoldSeconds=0, since each call that waits for its answer takes one",
    )
