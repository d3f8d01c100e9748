"""Long work says that it goes on, to people only, and leaves nothing behind."""

import io
import threading

import pytest

from handler.cli import working as module
from handler.cli.working import CLEAR, working


class Screen(io.StringIO):
    """A terminal, which says when it was written to."""

    def __init__(self, terminal: bool = True) -> None:
        super().__init__()
        self._terminal = terminal
        self.shown = threading.Event()

    def isatty(self) -> bool:
        return self._terminal

    def flush(self) -> None:
        self.shown.set()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY", 0.001)


def test_a_line_says_what_goes_on_for_how_long_and_how_far_it_is_and_is_taken_away() -> None:
    screen = Screen()
    with working("deciding", lambda: ", 7 calls", screen):
        assert screen.shown.wait(10)
    assert screen.getvalue().startswith(f"{CLEAR}deciding, 1 s, 7 calls\r")
    assert screen.getvalue().endswith(f"\r{CLEAR}")


def test_programs_are_shown_nothing() -> None:
    screen = Screen(terminal=False)
    with working("deciding", out=screen):
        assert not screen.shown.wait(0.05)
    assert screen.getvalue() == ""


def test_short_work_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY", 60.0)
    screen = Screen()
    with working("checking", out=screen):
        pass
    assert screen.getvalue() == ""


def test_work_that_fails_takes_its_line_away_too() -> None:
    screen = Screen()
    with pytest.raises(ValueError), working("proving", out=screen):
        assert screen.shown.wait(10)
        raise ValueError
    assert screen.getvalue().endswith(f"\r{CLEAR}")
