"""One program with its standard streams: started, written to, heard line by line, ended.

Must not know JSON-RPC. It stands in a session of its own, so that a Ctrl-C meant for us does not
reach it, and what it started ends with it. What it says on its standard error goes to ours.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from handler.stdio.lines import Lines, TooLong

PATIENCE = 2.0
"""Seconds between closing its input and asking it to end, and between that and insisting."""

CHUNK = 65_536


class Child:
    """One running process."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        most: int,
        hear: Callable[[bytes], None],
        gone: Callable[[], None],
    ) -> None:
        self._process = process
        self._writing = asyncio.Lock()
        self._hear, self._gone = hear, gone
        self._reading = asyncio.create_task(self._read(Lines(most)))

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        env: Mapping[str, str],
        most: int,
        hear: Callable[[bytes], None],
        gone: Callable[[], None],
    ) -> "Child":
        """Start a program. `hear` gets its lines, of `most` bytes each; `gone`: no more will come.

        Raises OSError and ValueError where it cannot be started.
        """
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=env,
            start_new_session=True,
        )
        return cls(process, most, hear, gone)

    @property
    def pid(self) -> int:
        return self._process.pid

    def post(self, line: bytes) -> None:
        """Write a line without waiting until it is taken. Lost where the program is gone."""
        assert self._process.stdin is not None
        with suppress(ConnectionError, RuntimeError):
            self._process.stdin.write(line)

    async def write(self, line: bytes) -> None:
        """Write a line, and wait until the program takes it. Raises OSError where it is gone."""
        assert self._process.stdin is not None
        async with self._writing:
            if self._reading.done() or self._process.stdin.is_closing():
                raise BrokenPipeError("the program has ended")
            self._process.stdin.write(line)
            await self._process.stdin.drain()

    async def end(self) -> None:
        """Close its input, then ask, then insist; returns once it is gone."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        for number in (None, signal.SIGTERM, signal.SIGKILL):
            if number is not None:
                self._signal(number)
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._process.wait()
                    await asyncio.shield(self._reading)
                    break
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading
        with suppress(ConnectionError):
            await self._process.stdin.wait_closed()

    def _signal(self, number: int) -> None:
        """To the process and all it started: its own group, whose id is its own."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    async def _read(self, lines: Lines) -> None:
        assert self._process.stdout is not None
        try:
            while chunk := await self._process.stdout.read(CHUNK):
                for line in lines.feed(chunk):
                    self._hear(line)
        except TooLong:
            self._signal(signal.SIGKILL)
        finally:
            self._gone()
        while await self._process.stdout.read(CHUNK):
            pass  # a stream that is not read to its end stays open
