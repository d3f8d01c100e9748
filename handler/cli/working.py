"""Shows on the terminal that long work goes on: one line, each second anew, gone at the end.

Must not know the work. Nothing is shown in the first second, nor where errors go to no terminal.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

EVERY = 1.0
"""Seconds."""

CLEAR = "\033[K"


def _nothing() -> str:
    return ""


@contextmanager
def working(
    what: str, done: Callable[[], str] = _nothing, out: TextIO | None = None
) -> Iterator[None]:
    """While the block runs: `comparing, 3 s`, and what `done` says so far. Print nothing in it."""
    terminal = out or sys.stderr
    if not terminal.isatty():
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_show, args=(what, done, terminal, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _show(what: str, done: Callable[[], str], terminal: TextIO, over: threading.Event) -> None:
    seconds = 0
    while not over.wait(EVERY):
        seconds += 1
        # The return stands at the end, so that whatever is printed next begins the line anew.
        terminal.write(f"{CLEAR}{what}, {seconds} s{done()}\r")
        terminal.flush()
    if seconds:
        terminal.write(CLEAR)
        terminal.flush()
