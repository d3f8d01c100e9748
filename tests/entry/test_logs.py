"""What a function's log lines hold, and what they leave out."""

import io
import json
import logging
from typing import Any

import pytest

from handler.entry.logs import Places

CANARY = "canary of an argument's value"


def failing() -> None:
    try:
        raise KeyError(CANARY)
    except KeyError as error:
        raise ValueError(f"cannot take {CANARY}") from error


@pytest.fixture
def line() -> dict[str, Any]:
    """What is logged of a failure whose message names a value."""
    out = io.StringIO()
    log = logging.Logger("of this test")
    log.addHandler(logging.StreamHandler(out))
    log.handlers[0].setFormatter(Places())
    try:
        failing()
    except ValueError:
        log.exception("a request was refused because serving it failed")
    written: dict[str, Any] = json.loads(out.getvalue())
    return written


def test_a_failure_is_logged_by_its_kind_and_its_place(line: dict[str, Any]) -> None:
    assert line["message"] == "a request was refused because serving it failed"
    assert line["exception_name"] == "ValueError"
    assert "in failing" in line["exception"] and "KeyError" in line["exception"]


def test_what_a_failure_says_is_left_out(line: dict[str, Any]) -> None:
    failing_lines = line["exception"].replace("{CANARY}", "")
    assert CANARY not in json.dumps(line) and "canary" not in failing_lines
