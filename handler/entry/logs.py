"""One form for all log lines of a function: JSON, with the ids of the request and of its call.

A failure is logged by its kind and its place in our code. What it says is left out: a library may
have put an argument's value into it.
"""

import logging
import traceback
from types import TracebackType

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from handler.logged import About

Failure = tuple[type[BaseException], BaseException, TracebackType | None]


class Places(LambdaPowertoolsFormatter):
    """Writes tracebacks without the messages of their exceptions."""

    def __init__(self) -> None:
        super().__init__(serialize_stacktrace=False)

    def formatException(  # the name is logging's
        self, ei: Failure | tuple[None, None, None]
    ) -> str:
        kind, error, _ = ei
        lines = []
        while error is not None:
            lines += [*traceback.format_tb(error.__traceback__), type(error).__qualname__]
            error = error.__cause__ or error.__context__
        return "\n".join(line.rstrip() for line in lines) if kind else ""


def logger() -> Logger:
    """The logger of a function's entry."""
    return shared(Logger(logger_formatter=Places()))


def shared(log: Logger) -> Logger:
    """Every module's logger writes through this one."""
    root = logging.getLogger()
    root.handlers = list(log.handlers)
    for each in root.handlers:
        each.addFilter(About())
    root.setLevel(logging.WARNING)
    return log
