"""What the end-to-end tests stand on: real processes, a real mail server, the official client."""

import asyncio
import email
import email.policy
import io
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from handler.cli import main as command_line
from handler.demo.browser import open_page
from handler.demo.child import Child
from tests.patience import PATIENCE

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@dataclass(frozen=True)
class Upstream:
    """The demo upstream. Tests tell their calls apart by what they put into the arguments."""

    url: str

    async def calls(self, tool: str, **arguments: Any) -> int:
        """How many calls of the tool with (at least) these arguments reached it."""
        page = await asyncio.to_thread(open_page, self.url.removesuffix("/mcp") + "/recorded")
        return sum(
            call["tool"] == tool and arguments.items() <= call["arguments"].items()
            for call in json.loads(page.html)
        )


@asynccontextmanager
async def upstream_process() -> AsyncIterator[Upstream]:
    child = await Child.start("handler.demo.upstream")
    try:
        yield Upstream((await child.says(r"^(http://\S+/mcp)$")).group(1))
    finally:
        assert await child.stop() == 0


@dataclass(frozen=True)
class Gateway:
    """A running `holdpoint serve`."""

    child: Child
    base: str
    tokens: Mapping[str, str]
    """By the grant's label."""

    def url(self, server: str = "upstream") -> str:
        return f"{self.base}/mcp/{server}"

    @property
    def token(self) -> str:
        return self.tokens["agent"]

    async def outbox(self) -> str:
        return (await self.child.says(r"outbox\s+(http\S+)")).group(1)


@asynccontextmanager
async def serving(data: Path, *arguments: str) -> AsyncIterator[Gateway]:
    """`holdpoint serve` with these arguments on a free port; it must end well."""
    child = await start_serving(data, *arguments)
    try:
        yield await gateway_of(child)
    finally:
        code = await child.stop()
    assert code == 0, child.text


async def start_serving(data: Path, *arguments: str) -> Child:
    options = ("--port", "0", "--data", str(data))
    return await Child.start("handler.cli.main", "serve", *arguments, *options)


async def gateway_of(child: Child) -> Gateway:
    ready = await child.says(r"gateway\s+(http://[^/\s]+)/mcp/.*stop\s+Ctrl-C")
    tokens = re.findall(r"grant\s+(\S+) \(.*\n\s+token\s+(hp_\S+)", child.text)
    return Gateway(child, ready.group(1), dict(tokens))


async def command(*arguments: str) -> tuple[int, str]:
    """The exit code and the output of a command, run in this process: starting one takes longer
    than all that it does. One at a time."""
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        code = await asyncio.to_thread(command_line.main, arguments)
    return code, printed.getvalue()


async def refused(*arguments: str) -> tuple[int, str]:
    """The exit code and the output of a command that is expected to end by itself."""
    child = await Child.start("handler.cli.main", *arguments)
    return await child.end(), child.text


def write(path: Path, document: Any) -> Path:
    path.write_text(json.dumps(document))
    return path


class Mailbox:
    """Takes mail as an SMTP server does and hands it to the test as it comes."""

    def __init__(self) -> None:
        self._mails: asyncio.Queue[EmailMessage] = asyncio.Queue()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        mail = email.message_from_bytes(content, policy=email.policy.default)
        self._mails.put_nowait(mail)
        return "250 OK"

    async def next(self) -> EmailMessage:
        """The next mail, whenever it comes."""
        return await self._mails.get()

    async def mail(self, about: str = "") -> EmailMessage:
        """The next mail that says this, which is on its way; those before it are dropped."""
        async with asyncio.timeout(PATIENCE):
            while about not in text_of(mail := await self.next()):
                pass
        return mail

    async def link(self, about: str = "") -> str:
        """The approval link of the next mail that says this."""
        return link_in(await self.mail(about))


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def link_in(mail: EmailMessage) -> str:
    found = re.search(r"https?://\S+/approve/\S+", text_of(mail))
    assert found is not None
    return found.group()


@asynccontextmanager
async def mail_server(mailbox: Mailbox) -> AsyncIterator[str]:
    """A mail server on this machine; the answer is its URL as `--smtp` takes it."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(mailbox), "127.0.0.1", 0)
    try:
        yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()
