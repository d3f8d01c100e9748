"""Tells when files may have changed: by looking at them, and at once on SIGHUP."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator, Callable, Iterable
from pathlib import Path

EVERY = 1.0
"""Seconds between looks."""


async def changes(
    files: Callable[[], Iterable[Path]], every: float = EVERY
) -> AsyncGenerator[None, None]:
    """One element each time a file has another time or size than before, or SIGHUP came."""
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, asked.set)
    seen = _fingerprint(files())
    while True:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asked.wait(), every)
        now = _fingerprint(files())
        if now != seen or asked.is_set():
            asked.clear()
            seen = now
            yield


def _fingerprint(files: Iterable[Path]) -> dict[Path, tuple[int, int] | None]:
    return {file: _look(file) for file in files}


def _look(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
