"""The state machine's interpreter as a process: where it is, and how fast its time passes."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.emulator import tool
from tests.patience import PATIENCE

ENGINE = Path(__file__).with_name("engine.py")

USUAL = {"timeouts": 1, "retries": 5_000, "waits": 500}
"""How much faster the machine's seconds pass: a lease takes 0.24 s, an hour of retries 0.7, and
nobody's time is over unless a test says so."""


@dataclass(frozen=True)
class Interpreter:
    """A running one."""

    url: str
    _process: asyncio.subprocess.Process

    async def hasten(self, paces: dict[str, float]) -> None:
        """From here on the machine's seconds pass so much faster, also where it waits already."""
        assert self._process.stdin is not None and self._process.stdout is not None
        line = json.dumps(paces).encode() + b"\n"
        self._process.stdin.write(line)
        assert await self._process.stdout.readline() == line


@asynccontextmanager
async def interpreter(functions: str, log: Path) -> AsyncIterator[Interpreter]:
    """moto's, which calls functions at this URL and writes what it does to `log`."""
    python = tool("stepfunctions") / "bin" / "python"
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *(str(python), str(ENGINE), functions),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=file,
        )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            port = (await process.stdout.readline()).decode().strip()
        assert port, log.read_text()
        yield Interpreter(f"http://127.0.0.1:{port}", process)
    finally:
        if process.returncode is None:
            process.kill()  # asked to end, it waits for its executions
        await process.wait()
