"""Mail through an SMTP server.

Must not know approvals. `smtplib` blocks, so each mail has a thread for its time; a refusal for
good is `Undeliverable`, everything else is worth another attempt, and is said in the log.
"""

import asyncio
import logging
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from enum import StrEnum

from handler.approvals.display import cut, visible
from handler.approvals.ports import Mail, Undeliverable
from handler.clock import Clock
from handler.notify.mime import BrokenHeader, message

log = logging.getLogger(__name__)

LONGEST_REPLY = 200
"""Characters of a server's own words that the log shows."""

PERMANENT = 500
"""SMTP reply codes from here on say that another attempt would be refused too (RFC 5321, 4.2.1)."""


class Security(StrEnum):
    """How the connection is protected."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"
    """For a server on the same machine."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail goes, and as whom."""

    host: str
    port: int
    sender: str
    security: Security = Security.STARTTLS
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: float = 10.0
    """Seconds for connecting and for each reply."""


class SmtpMailer:
    """Implements `Mailer`. `tls` is for servers whose certificate is signed privately."""

    def __init__(self, server: SmtpServer, clock: Clock, tls: ssl.SSLContext | None = None) -> None:
        self._server, self._clock = server, clock
        self._tls = tls or ssl.create_default_context()

    async def send(self, mail: Mail) -> None:
        await asyncio.to_thread(self._send, mail)

    def _send(self, mail: Mail) -> None:
        try:
            made = message(mail, self._server.sender, self._clock.now())
        except BrokenHeader as error:
            raise Undeliverable(str(error)) from error
        try:
            with self._connect() as connection:
                deliver(connection, made)
        except OSError as error:  # of which smtplib's errors are a kind
            log.warning(
                "the mail server %s took no mail about approval %s: %s",
                self._server.host,
                mail.about,
                reason(error),
            )
            raise

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.security is Security.TLS:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=server.timeout, context=self._tls
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=server.timeout)
        try:
            if server.security is Security.STARTTLS:
                connection.starttls(context=self._tls)
            if server.user is not None:
                connection.login(server.user, server.password or "")
        except BaseException:
            connection.close()
            raise
        return connection


def reason(error: OSError) -> str:
    """What an operator should know of a failure. Holds no secret of ours."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"it refused the account ({error.smtp_code})"
    if isinstance(error, smtplib.SMTPResponseException):
        return _reply(error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(_reply(*reply) for reply in error.recipients.values())
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, ssl.SSLError):
        return f"no trusted TLS connection ({error.reason or 'its certificate'})"
    return (error.strerror or str(error)).lower()


def _reply(code: int, text: bytes | str) -> str:
    said = text.decode(errors="replace") if isinstance(text, bytes) else text
    return f"it answered {code} {cut(visible(said), LONGEST_REPLY)}"


def deliver(connection: smtplib.SMTP, made: EmailMessage) -> None:
    """Hand one message over. Raises `Undeliverable` for what the server refuses for good."""
    try:
        connection.send_message(made)
    except smtplib.SMTPRecipientsRefused as error:
        if all(code >= PERMANENT for code, _ in error.recipients.values()):
            raise Undeliverable("the mail server refused the recipient") from error
        raise
    except smtplib.SMTPNotSupportedError as error:
        raise Undeliverable("the mail server cannot write to this address") from error
