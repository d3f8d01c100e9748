"""Mails that stay on this machine: kept in the data folder and shown to whoever holds its key.

For trying the gateway without a mail server. Must not know approvals. The files are the owner's
alone, and the pages stand under a random key, so an agent on the same machine cannot find a link by
guessing addresses.
"""

import asyncio
import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

from handler.approvals.ports import Mail, Undeliverable
from handler.clock import Clock
from handler.notify.mime import BrokenHeader, message, part

SENDER = "holdpoint@localhost"

NAME = re.compile(r"[0-9]{16,20}-[0-9a-f]{8}")
"""Microseconds, so that names sort by time, and something random."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One mail of the outbox."""

    name: str
    to: str
    subject: str
    date: str
    text: str
    html: str


class Outbox:
    """Implements `Mailer` with a folder. The newest `most` mails are kept."""

    def __init__(self, folder: Path, clock: Clock, most: int = 200) -> None:
        self._folder, self._clock, self._most = folder, clock, most
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.key = _capability(folder / "key")

    def url(self, base_url: str) -> str:
        """Where the mails are read. Whoever knows this address can answer approvals."""
        return f"{base_url.rstrip('/')}/outbox/{self.key}"

    async def send(self, mail: Mail) -> None:
        await asyncio.to_thread(self._keep, mail)

    def mails(self) -> list[Kept]:
        """All mails, newest first."""
        kept = (self.mail(name) for name in reversed(self._names()))
        return [mail for mail in kept if mail is not None]

    def mail(self, name: str) -> Kept | None:
        """One mail by name."""
        path = self._folder / f"{name}.eml"
        if not NAME.fullmatch(name) or not path.is_file():
            return None
        with path.open("rb") as file:
            received = BytesParser(EmailMessage, policy=default).parse(file)
        return Kept(
            name=name,
            to=str(received["To"]),
            subject=str(received["Subject"]),
            date=str(received["Date"]),
            text=part(received, "plain"),
            html=part(received, "html"),
        )

    def _keep(self, mail: Mail) -> None:
        now = self._clock.now()
        try:
            data = message(mail, SENDER, now).as_bytes()
        except BrokenHeader as error:
            raise Undeliverable(str(error)) from error
        name = f"{int(now * 1_000_000):016d}-{secrets.token_hex(4)}"
        _write(self._folder / f"{name}.part", data)
        os.replace(self._folder / f"{name}.part", self._folder / f"{name}.eml")
        for old in self._names()[: -self._most]:
            (self._folder / f"{old}.eml").unlink(missing_ok=True)

    def _names(self) -> list[str]:
        names = (path.stem for path in self._folder.glob("*.eml"))
        return sorted(name for name in names if NAME.fullmatch(name))


def _capability(path: Path) -> str:
    """The key of the outbox's pages, made once and readable by its owner alone.

    It is there whole or not at all: processes that start together get the same one.
    """
    if not path.exists():
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        _write(draft, secrets.token_urlsafe(32).encode())
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text("ascii")


def _write(path: Path, data: bytes) -> None:
    """A new file of mode 0600. Raises `FileExistsError`."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
