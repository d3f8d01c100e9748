"""One form for all log lines of a function: JSON, with the ids of the request and of its call."""

import logging

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from handler.logged import About, Failure, places


class Places(LambdaPowertoolsFormatter):
    """Writes tracebacks without the messages of their exceptions."""

    def __init__(self) -> None:
        super().__init__(serialize_stacktrace=False)

    def formatException(self, ei: Failure) -> str:  # the name is logging's
        return places(ei[1])


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
