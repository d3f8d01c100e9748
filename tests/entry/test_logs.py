"""What a function's log lines hold, and what they leave out."""

import asyncio
import contextvars
import io
import json
import logging
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from handler.entry.logs import Places, shared
from handler.logged import Sentences, about, to_people

CANARY = "canary of an argument's value"


def failing() -> None:
    try:
        raise KeyError(CANARY)
    except KeyError as error:
        raise ValueError(f"cannot take {CANARY}") from error


def logged(formatter: logging.Formatter) -> str:
    """What is logged of a failure whose message names a value."""
    out = io.StringIO()
    log = logging.Logger("of this test")
    log.addHandler(logging.StreamHandler(out))
    log.handlers[0].setFormatter(formatter)
    try:
        failing()
    except ValueError:
        log.exception("a request was refused because serving it failed")
    return out.getvalue()


@pytest.fixture
def line() -> dict[str, Any]:
    written: dict[str, Any] = json.loads(logged(Places()))
    return written


def test_a_failure_is_logged_by_its_kind_and_its_place(line: dict[str, Any]) -> None:
    assert line["message"] == "a request was refused because serving it failed"
    assert line["exception_name"] == "ValueError"
    assert "in failing" in line["exception"] and "KeyError" in line["exception"]


def test_what_a_failure_says_is_left_out(line: dict[str, Any]) -> None:
    failing_lines = line["exception"].replace("{CANARY}", "")
    assert CANARY not in json.dumps(line) and "canary" not in failing_lines


def test_people_read_of_a_failure_where_it_was_and_not_what_it_said() -> None:
    told = logged(Sentences())
    assert "in failing" in told and "KeyError" in told
    assert CANARY not in told


def test_words_of_others_begin_no_line_and_move_nothing_on_a_terminal() -> None:
    words = "tools/list\nholdpoint: all is well\x1b[2K\u202e"
    record = logging.LogRecord("x", logging.WARNING, "", 0, "%s was not served", (words,), None)
    told = to_people().format(record)
    assert told.isprintable() and "\\u{a}holdpoint: all is well\\u{1b}[2K\\u{202e}" in told


def test_a_line_names_the_call_and_the_trace_it_is_about(monkeypatch: pytest.MonkeyPatch) -> None:
    root, out = logging.getLogger(), io.StringIO()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    log = Logger("of this test", logger_formatter=Places(), stream=out)
    shared(log)
    warning = logging.getLogger("handler.gateway.enforce").warning

    async def serve(number: str) -> None:
        about(call=number, trace=f"trace {number}")
        await asyncio.sleep(0)
        warning("a call was not forwarded")

    async def serve_two() -> None:
        await asyncio.gather(serve("1"), serve("2"))
        warning("about nothing")

    asyncio.run(serve_two())
    first, second, last = map(json.loads, out.getvalue().splitlines())
    assert (first["call"], first["trace"]) == ("1", "trace 1")
    assert (second["call"], second["trace"]) == ("2", "trace 2")
    assert "call" not in last


def test_people_read_the_same_at_the_lines_end() -> None:
    record = logging.LogRecord("x", logging.WARNING, "", 0, "a call was %s", ("refused",), None)

    def told() -> tuple[str, str]:
        before = to_people().format(record)
        about(call="4f", trace="0a")
        return before, to_people().format(record)

    before, after = contextvars.copy_context().run(told)
    assert before == "holdpoint: a call was refused"
    assert after == "holdpoint: a call was refused [call 4f, trace 0a]"
