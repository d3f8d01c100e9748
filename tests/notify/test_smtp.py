"""Mail through a real SMTP server."""

import asyncio
import re
import smtplib
import socket
import ssl
from pathlib import Path

import pytest

from handler.approvals.ports import Mail, Undeliverable
from handler.clock import FixedClock
from handler.notify.mime import part
from handler.notify.smtp import Security, SmtpMailer, SmtpServer, reason
from tests.approvals.world import RefusingMailer, World, ask, hold, play, secret
from tests.certificates import certificate
from tests.notify.server import Inbox, smtp_server
from tests.patience import PATIENCE

NOW = 1_795_000_000.0
MAIL = Mail("ops@example.com", "Approve £5?", "text of the mail\n", "<p>html of the mail</p>")


def mailer(port: int, **changes: object) -> SmtpMailer:
    fields: dict[str, object] = {"security": Security.NONE, "timeout": PATIENCE, **changes}
    tls = fields.pop("tls", None)
    assert tls is None or isinstance(tls, ssl.SSLContext)
    server = SmtpServer("127.0.0.1", port, "gate@example.com", **fields)  # type: ignore[arg-type]
    return SmtpMailer(server, FixedClock(NOW), tls)


def test_a_mail_arrives_with_its_text_and_its_html() -> None:
    inbox = Inbox()
    with smtp_server(inbox) as port:
        asyncio.run(mailer(port).send(MAIL))
    (mail,) = inbox.mails
    assert (mail["From"], mail["To"]) == ("gate@example.com", "ops@example.com")
    assert mail["Subject"] == "Approve £5?"
    assert mail["Date"] == "Wed, 18 Nov 2026 11:06:40 +0000"
    assert re.fullmatch(r"<[0-9a-f]{24}\.1795000000000@example\.com>", mail["Message-ID"])
    assert part(mail, "plain").strip() == "text of the mail"
    assert part(mail, "html").strip() == "<p>html of the mail</p>"


@pytest.mark.parametrize("header", ["to", "subject"])
@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\u2028", "\x00"])
def test_a_line_break_in_a_header_is_never_sent(header: str, break_: str) -> None:
    fields = {"to": MAIL.to, "subject": MAIL.subject}
    fields[header] = f"x{break_}Bcc: thief@example.com"
    inbox = Inbox()
    with smtp_server(inbox) as port, pytest.raises(Undeliverable):
        asyncio.run(mailer(port).send(Mail(**fields, text="", html="")))
    assert inbox.mails == []


def test_a_refused_recipient_is_undeliverable_and_a_busy_one_is_not() -> None:
    inbox = Inbox({"gone@example.com": "550 no such user", "busy@example.com": "451 later"})
    with smtp_server(inbox) as port:
        with pytest.raises(Undeliverable):
            asyncio.run(mailer(port).send(Mail("gone@example.com", "s", "t", "h")))
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            asyncio.run(mailer(port).send(Mail("busy@example.com", "s", "t", "h")))


def test_a_server_that_is_not_there_is_worth_another_attempt() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionRefusedError):
            asyncio.run(mailer(deaf.getsockname()[1]).send(MAIL))


FAILURES: dict[str, tuple[OSError, str]] = {
    "away": (ConnectionRefusedError(111, "Connection refused"), "connection refused"),
    "silent": (TimeoutError("timed out"), "it did not answer in time"),
    "refuses everybody": (
        smtplib.SMTPConnectError(554, b"no\x1b[31m here"),
        "it answered 554 no\\u{1b}[31m here",
    ),
    "refuses us": (
        smtplib.SMTPAuthenticationError(535, b"secret?"),
        "it refused the account (535)",
    ),
    "busy": (
        smtplib.SMTPRecipientsRefused({"a@example.com": (451, b"later")}),
        "it answered 451 later",
    ),
    "gone": (smtplib.SMTPServerDisconnected("Connection closed"), "connection closed"),
}


@pytest.mark.parametrize(("error", "told"), FAILURES.values(), ids=FAILURES.keys())
def test_an_operator_is_told_what_the_mail_server_did(error: OSError, told: str) -> None:
    assert reason(error) == told


def test_a_mail_that_was_not_taken_is_logged_with_its_server_and_its_approval(
    caplog: pytest.LogCaptureFixture,
) -> None:
    inbox = Inbox({"busy@example.com": "451 later"})
    with smtp_server(inbox) as port, pytest.raises(smtplib.SMTPRecipientsRefused):
        asyncio.run(mailer(port).send(Mail("busy@example.com", "s", "t", "h", about="a1")))
    (line,) = caplog.messages
    assert line == (
        "the mail server 127.0.0.1 took no mail about approval a1: it answered 451 later"
    )


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_the_password_goes_over_tls_only(tmp_path: Path, security: Security) -> None:
    ours, theirs = certificate(tmp_path)
    inbox = Inbox()
    options = {"ssl_context": ours} if security is Security.TLS else {"tls_context": ours}
    options["auth_require_tls"] = security is Security.STARTTLS  # type: ignore[assignment]
    with smtp_server(inbox, **options) as port:
        login = {"user": "gate", "password": "hunter2", "security": security}
        asyncio.run(mailer(port, tls=theirs, **login).send(MAIL))
        with pytest.raises(ssl.SSLError):
            asyncio.run(mailer(port, **login).send(MAIL))
    assert inbox.logins == [("gate", "hunter2")]
    assert len(inbox.mails) == 1


def test_a_server_without_starttls_gets_no_password() -> None:
    inbox = Inbox()
    with smtp_server(inbox) as port, pytest.raises(smtplib.SMTPNotSupportedError):
        asyncio.run(mailer(port, user="gate", password="p", security=Security.STARTTLS).send(MAIL))
    assert inbox.logins == []


def test_a_password_is_never_printed() -> None:
    assert "hunter2" not in repr(SmtpServer("h", 25, "s", user="u", password="hunter2"))


def test_a_held_call_is_mailed_approved_and_run(tmp_path: Path) -> None:
    inbox = Inbox()

    async def scenario(world: World) -> None:
        process = world.process(mailer=mailer(port))
        approval = await world.held(process)
        (mail,) = inbox.mails
        assert mail["Subject"] == "Approve create_charge for Billing agent?"
        await process.desk.answer(secret(part(mail, "plain")), True, "")
        await process.workflow.settled()
        assert await world.status(approval.id) == "executed"

    with smtp_server(inbox) as port:
        play(tmp_path, scenario)


def test_a_refused_approver_is_marked_and_the_next_is_mailed(tmp_path: Path) -> None:
    inbox = Inbox({"gone@example.com": "550 no such user"})

    async def scenario(world: World) -> None:
        process = world.process(mailer=mailer(port))
        approval = await world.held(process, hold("gone@example.com", "ops@example.com"))
        current = await process.approvals.current(approval.id)
        assert current is not None
        assert (current.undeliverable, current.mailed, current.detail) == (
            ("gone@example.com",),
            ("ops@example.com",),
            "",
        )
        assert [mail["To"] for mail in inbox.mails] == ["ops@example.com"]

    with smtp_server(inbox) as port:
        play(tmp_path, scenario)


def test_an_operator_sees_that_nobody_can_be_reached(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = Inbox({"gone@example.com": "550 no such user"})

    async def scenario(world: World) -> None:
        process = world.process(mailer=mailer(port))
        people = ("gone@example.com", "ops@example.com")
        approval = await world.held(process, hold(*people, quorum=2))
        current = await process.approvals.current(approval.id)
        assert current is not None
        assert current.detail.startswith("Too few approvers can be reached by mail")
        assert "too few approvers can be reached" in caplog.text
        world.clock.time = approval.deadline
        await process.workflow.round()
        await process.workflow.settled()
        assert await world.status(approval.id) == "expired"
        assert await world.tally() == 0

    with smtp_server(inbox) as port:
        play(tmp_path, scenario)


def test_a_mail_that_failed_for_now_is_sent_later_and_the_others_are_not_sent_again(
    tmp_path: Path,
) -> None:
    async def scenario(world: World) -> None:
        sender = RefusingMailer(world.outbox, {"a@example.com": ConnectionError()})
        process = world.process(mailer=sender)
        await world.held(process, hold("a@example.com", "b@example.com"))
        assert [len(world.links(to)) for to in ("a@example.com", "b@example.com")] == [0, 1]
        sender.errors.clear()
        for _ in range(3):
            world.clock.time += 10
            await process.workflow.round()
            await process.workflow.settled()
        assert [len(world.links(to)) for to in ("a@example.com", "b@example.com")] == [1, 1]

    play(tmp_path, scenario)


class SlowMailer(RefusingMailer):
    """Takes a mail, says so, and keeps it once the gate is open."""

    def __init__(self, world: World) -> None:
        super().__init__(world.outbox, {})
        self.taken, self.gate = asyncio.Event(), asyncio.Event()

    async def send(self, mail: Mail) -> None:
        self.taken.set()
        await self.gate.wait()
        await super().send(mail)


def test_while_one_process_mails_no_other_does(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        slow = SlowMailer(world)
        mailing, other = world.process(mailer=slow), world.process()
        await mailing.approvals.request(ask())
        await slow.taken.wait()
        (approval,) = await world.store.ledger.approvals(10)
        await other.workflow.wake(approval.id)
        await other.workflow.settled()
        assert world.links() == []
        slow.gate.set()
        await mailing.workflow.settled()
        await other.workflow.round()
        await other.workflow.settled()
        assert len(world.links()) == 1

    play(tmp_path, scenario)
