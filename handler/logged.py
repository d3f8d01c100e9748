"""What the lines that are logged now are about: a call, its trace, an approval.

Kept for each task, so that calls served side by side do not mix, and handed on to the tasks that
one starts. Must hold names only, never a value of an argument or a secret.
"""

import logging
from collections.abc import Mapping
from contextvars import ContextVar

_facts: ContextVar[Mapping[str, str]] = ContextVar("facts", default={})  # noqa: B039  # never changed


def about(**facts: str) -> None:
    """From here on, for as long as this task goes on."""
    _facts.set({**_facts.get(), **facts})


class About(logging.Filter):
    """Puts the facts on each record, where a formatter of JSON finds them."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.__dict__.update(_facts.get())
        return True


class Sentences(logging.Formatter):
    """One line for people: `holdpoint: what happened [call 4f…, trace 0a…]`."""

    def __init__(self) -> None:
        super().__init__("holdpoint: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # the name is logging's
        facts = ", ".join(f"{name} {text}" for name, text in _facts.get().items())
        return super().formatMessage(record) + (f" [{facts}]" if facts else "")


def to_people() -> logging.Handler:
    """A handler that writes such lines to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(Sentences())
    return handler
