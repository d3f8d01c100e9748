"""A mail as the bytes that mail servers and programs read (RFC 5322), and back. Pure."""

import hashlib
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
    made["Message-ID"] = _identity(mail, sender, at)
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(mail.text)
    made.add_alternative(mail.html, subtype="html")
    return made


def _identity(mail: Mail, sender: str, at: float) -> str:
    """Without one, receivers refuse a mail (RFC 5322, 3.6.4). A mail sent again has another."""
    digest = hashlib.sha256(f"{mail.about}\n{mail.to}".encode()).hexdigest()[:24]
    return f"<{digest}.{int(at * 1000)}@{sender.rpartition('@')[2]}>"


def part(received: EmailMessage, subtype: str) -> str:
    """The text of one alternative, `plain` or `html`; empty where there is none."""
    body = received.get_body((subtype,))
    return "" if body is None else str(body.get_content())
