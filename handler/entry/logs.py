"""One form for all log lines of a function: JSON, with the request's id."""

import logging

from aws_lambda_powertools import Logger


def shared(log: Logger) -> Logger:
    """Every module's logger writes through this one. Tracebacks are kept for the operator."""
    root = logging.getLogger()
    root.handlers = list(log.handlers)
    root.setLevel(logging.WARNING)
    return log
