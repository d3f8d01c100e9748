"""What the lines that are logged now are about: a call, its trace, an approval.

Kept for each task, so that calls served side by side do not mix, and handed on to the tasks that
one starts. Must hold names only, never a value of an argument or a secret.
"""

import logging
from collections.abc import Mapping
from contextvars import ContextVar
from types import TracebackType

Failure = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
"""As logging hands it on."""

_facts: ContextVar[Mapping[str, str]] = ContextVar("facts", default={})  # noqa: B039  # never changed


def about(**facts: str) -> None:
    """From here on, for as long as this task goes on."""
    _facts.set({**_facts.get(), **facts})


class About(logging.Filter):
    """Puts the facts on each record, where a formatter of JSON finds them."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.__dict__.update(_facts.get())
        return True


def places(error: BaseException | None) -> str:
    """A failure and those that led to it: their kinds, and their places in our code.

    What they say is left out: a library may have put an argument's value into it.
    """
    import traceback  # nothing has failed in most containers

    lines: list[str] = []
    while error is not None:
        lines += [*traceback.format_tb(error.__traceback__), type(error).__qualname__]
        error = error.__cause__ or error.__context__
    return "\n".join(line.rstrip() for line in lines)


class Sentences(logging.Formatter):
    """One line for people: `holdpoint: what happened [call 4f…, trace 0a…]`.

    What a terminal would obey is written as `\\u{..}`: agents and servers have words in some lines.
    """

    def __init__(self) -> None:
        super().__init__("holdpoint: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # the name is logging's
        from handler.approvals.display import visible  # no container writes such lines

        facts = ", ".join(f"{name} {text}" for name, text in _facts.get().items())
        return visible(super().formatMessage(record)) + (f" [{facts}]" if facts else "")

    def formatException(self, ei: Failure) -> str:  # the name is logging's
        return places(ei[1])


def to_people() -> logging.Handler:
    """A handler that writes such lines to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(Sentences())
    return handler
