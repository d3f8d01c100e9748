"""An edit of a watched file is noticed, whatever kind of edit it is."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from handler.entry.watch import changes


def replace(file: Path) -> None:
    """What careful editors do: write another file, then put it in the first one's place."""
    file.with_suffix(".new").write_text("other")
    file.with_suffix(".new").replace(file)


EDITS: dict[str, Callable[[Path], object]] = {
    "written": lambda file: file.write_text("longer than before"),
    "removed": lambda file: file.unlink(),
    "replaced": replace,
    "touched": lambda file: os.utime(file, ns=(1, 1)),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edit_is_noticed(tmp_path: Path, edit: Callable[[Path], object]) -> None:
    file = tmp_path / "p.json"
    file.write_text("before")

    async def scenario() -> None:
        async with aclosing(changes(lambda: [file], every=0.01)) as looks:
            noticed = asyncio.ensure_future(anext(looks))
            await asyncio.sleep(0)
            assert not noticed.done()
            edit(file)
            await asyncio.wait_for(noticed, 10)

    asyncio.run(scenario())


def test_a_signal_is_a_change_even_where_no_file_changed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with aclosing(changes(lambda: [tmp_path], every=60)) as looks:
            noticed = asyncio.ensure_future(anext(looks))
            await asyncio.sleep(0)
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.wait_for(noticed, 10)

    asyncio.run(scenario())
