"""A mail as the bytes that mail servers and programs read (RFC 5322), and back. Pure."""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from handler.approvals.ports import Mail


class BrokenHeader(ValueError):
    """A header holds a line break or another control character: somebody tries to add headers."""


def message(mail: Mail, sender: str, at: float) -> EmailMessage:
    """The mail as a message of two alternatives. Raises `BrokenHeader`."""
    for text in (mail.to, mail.subject, sender):
        if not text.isprintable():
            raise BrokenHeader("a mail header holds a line break or a control character")
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"], made["Subject"] = sender, mail.to, mail.subject
    made["Date"] = format_datetime(datetime.fromtimestamp(at, tz=UTC))
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(mail.text)
    made.add_alternative(mail.html, subtype="html")
    return made


def part(received: EmailMessage, subtype: str) -> str:
    """The text of one alternative, `plain` or `html`; empty where there is none."""
    body = received.get_body((subtype,))
    return "" if body is None else str(body.get_content())
