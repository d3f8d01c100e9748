"""A real SMTP server for the tests: keeps what it is given, refuses whom it is told to refuse."""

import contextlib
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.patience import PATIENCE


class Inbox:
    """What the server received. `replies` maps a recipient to the refusal it gets."""

    def __init__(self, replies: dict[str, str] | None = None) -> None:
        self.replies = replies or {}
        self.mails: list[EmailMessage] = []
        self.logins: list[tuple[str, str]] = []

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address in self.replies:
            return self.replies[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(BytesParser(EmailMessage, policy=default).parsebytes(envelope.content))
        return "250 OK"

    def authenticate(
        self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=True)


class Server(Controller):
    """A controller that may listen on any free port: it learns which before it says it is ready."""

    def _trigger_server(self) -> None:
        """The first connection, which makes the server's handler. The original waits for it 1 s."""
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        socket.create_connection(("127.0.0.1", self.port), PATIENCE).close()


@contextlib.contextmanager
def smtp_server(inbox: Inbox, **options: Any) -> Iterator[int]:
    """The server's port on 127.0.0.1, for as long as the block runs."""
    controller = Server(
        inbox,
        hostname="127.0.0.1",
        port=0,
        authenticator=inbox.authenticate,
        ready_timeout=PATIENCE,
        **options,
    )
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()
