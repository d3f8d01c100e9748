"""What Amazon SES is asked to send, and what its refusals mean, by the SDK's own client."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from handler.approvals.ports import Mail, Undeliverable
from handler.notify.ses import PATIENCE, SesMailer

SENDER = "gateway@example.com"
TO = "ann@example.com"
LINK = "https://gateway.example.com/approve/s3cret"


def mail(text: str = "Approve it", html: str = "<p>Approve it</p>") -> Mail:
    return Mail(to=TO, subject="Approve?", text=text, html=html, about="a1")


@contextmanager
def ses() -> Iterator[tuple[SesMailer, Stubber]]:
    """A mailer, and what SES answers it."""
    client = boto3.client(
        "sesv2", "eu-west-1", aws_access_key_id="a", aws_secret_access_key="b", config=PATIENCE
    )
    with Stubber(client) as answers:
        yield SesMailer(lambda: client, SENDER, "set"), answers
        answers.assert_no_pending_responses()
    client.close()


def sent(message: Mail) -> dict[str, Any]:
    """The body that SES gets."""
    seen: list[dict[str, Any]] = []
    with ses() as (mailer, answers):
        asked = dict.fromkeys(("FromEmailAddress", "Destination", "ConfigurationSetName"), ANY)
        answers.add_response("send_email", {}, {**asked, "EmailTags": ANY, "Content": ANY})
        answers.client.meta.events.register(
            "provide-client-params.sesv2.SendEmail", lambda params, **_: seen.append(params)
        )
        asyncio.run(mailer.send(message))
    body: dict[str, Any] = seen[0]["Content"]["Simple"]["Body"]
    return body


def test_ses_leads_no_approval_link_through_a_server_that_keeps_it() -> None:
    """An account may have click tracking on for all its mail; this attribute is the way out."""
    html = f'<p>a</p><a href="{LINK}" target="_blank">Answer</a><a href="{LINK}">again</a>'
    body = sent(mail(html=html))
    assert body["Html"]["Data"].count("<a ses:no-track href=") == html.count("<a ") == 2


def test_what_an_agent_wrote_is_no_instruction_to_ses() -> None:
    """SES replaces this placeholder, and refuses a mail that has it twice."""
    text = "note: {{ses:openTracker}}{{ses:openTracker}}"
    body = sent(mail(text=text, html=f"<p>{text}</p>"))
    assert "{{ses:" not in body["Html"]["Data"] + body["Text"]["Data"]
    assert body["Html"]["Data"] == "<p>note: " + 2 * "&#123;{ses:openTracker}}" + "</p>"
    assert body["Text"]["Data"] == "note: " + 2 * r"\u{7b}{ses:openTracker}}"


UNVERIFIED = (
    "Email address is not verified. The following identities failed the check in region EU-WEST-1: "
)


@pytest.mark.parametrize(
    ("code", "said", "kind"),
    [
        ("MessageRejected", UNVERIFIED + TO, Undeliverable),
        ("MessageRejected", UNVERIFIED + SENDER.upper(), ClientError),
        ("MessageRejected", UNVERIFIED + f"{TO}, {SENDER}", ClientError),
        ("AccessDeniedException", f"no right to {SENDER}", Undeliverable),
        ("BadRequestException", "no such domain", Undeliverable),
        ("SendingPausedException", "paused", ClientError),
    ],
)
def test_only_what_stays_refused_makes_an_approver_unreachable(
    code: str, said: str, kind: type[Exception]
) -> None:
    """Whoever deploys first and opens the sender's verification link second loses no approver."""
    with ses() as (mailer, answers):
        answers.add_client_error("send_email", code, said)
        with pytest.raises(kind):
            asyncio.run(mailer.send(mail()))
