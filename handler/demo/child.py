"""A program in a process of its own: its words are waited for, and it is ended by its own id."""

import asyncio
import re
import signal
import sys
from collections.abc import Mapping

PATIENCE = 30.0
"""Seconds until a text that does not come counts as not coming."""


class Ended(Exception):
    """The process ended, or stayed silent, before it printed what was waited for."""


class Child:
    """One running process. `text` is everything it has printed so far, errors included."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._news = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())
        self.text = ""

    @classmethod
    async def start(
        cls, module: str, *arguments: str, env: Mapping[str, str] | None = None
    ) -> "Child":
        """Run `python -m module arguments…` with this Python, in `env` or this environment."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            env=env,
        )
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def says(self, pattern: str, patience: float = PATIENCE) -> re.Match[str]:
        """The first match of the pattern in what it has printed. Raises `Ended`."""
        expression = re.compile(pattern, re.MULTILINE | re.DOTALL)
        try:
            async with asyncio.timeout(patience), self._news:
                while not (found := expression.search(self.text)):
                    if self._reading.done():
                        raise Ended(f"it ended without printing `{pattern}`:\n{self.text}")
                    await self._news.wait()
                return found
        except TimeoutError:
            raise Ended(f"it did not print `{pattern}`:\n{self.text}") from None

    async def end(self) -> int:
        """Wait until it has ended by itself; its exit code."""
        await self._reading
        return await self._process.wait()

    async def stop(self) -> int:
        """Ask it to end, and insist if it does not; its exit code."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
        return await self.end()

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        self._process.kill()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while data := await self._process.stdout.read(65_536):
            async with self._news:
                self.text += data.decode(errors="replace")
                self._news.notify_all()
        async with self._news:
            self._news.notify_all()
