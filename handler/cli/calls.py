"""Lines of calls.jsonl: one call each, as `holdpoint decide` reads them.

Must not know policies. `{"tool", "args", "grant", "session", "time"}`, all but tool optional.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

from compiler.values import Value
from compiler.verdict import Call, Subject
from handler.decision import arguments

KEYS = ("tool", "args", "grant", "session", "time")
GRANT_KEYS = ("label", "tags")
TIME_FORMS = "`time` must be POSIX seconds or like `2026-07-28T12:00:00Z`"
LAST_SECOND = 253_402_300_799
"""9999-12-31T23:59:59Z, the last that calendars here know."""


class LineError(ValueError):
    """The line is no call. The text says what to write."""


@dataclass(frozen=True, slots=True)
class CallLine:
    """One call, who makes it, and when: POSIX seconds, None for now."""

    call: Call
    subject: Subject
    session: str | None
    time: float | None


def parse_line(line: bytes) -> CallLine:
    """The call on one line. Raises `LineError`."""
    return call_line(members(line))


def members(line: bytes) -> dict[str, Value]:
    """The members of the object on one line. Raises `LineError`."""
    try:
        value = arguments.read(line)
    except arguments.Unreadable as error:
        raise LineError(error.reason) from None
    if not isinstance(value, dict):
        _refuse("a line holds one object")
    return value


def call_line(value: Mapping[str, Value]) -> CallLine:
    """The call that these members spell. Raises `LineError`."""
    _known(value, KEYS, "a call")
    tool, args, session = value.get("tool"), value.get("args"), value.get("session")
    if not isinstance(tool, str):
        _refuse("`tool` must be a string")
    if args is not None and not isinstance(args, dict):
        _refuse("`args` must be an object")
    if session is not None and not isinstance(session, str):
        _refuse("`session` must be a string")
    subject, time = _subject(value.get("grant")), _time(value.get("time"))
    return CallLine(Call(tool, args or {}), subject, session, time)


def _subject(grant: Value) -> Subject:
    """A label, or an object with label and tags."""
    if grant is None:
        return Subject()
    if isinstance(grant, str):
        return Subject(grant)
    if not isinstance(grant, dict):
        _refuse("`grant` must be a label or an object with `label` and `tags`")
    _known(grant, GRANT_KEYS, "a grant")
    label, tags = grant.get("label", ""), grant.get("tags", [])
    if not isinstance(label, str):
        _refuse("`grant.label` must be a string")
    if not isinstance(tags, list):
        _refuse("`grant.tags` must be a list of strings")
    texts = tuple(tag for tag in tags if isinstance(tag, str))
    if len(texts) != len(tags):
        _refuse("`grant.tags` must be a list of strings")
    return Subject(label, texts)


def _time(time: Value) -> float | None:
    """POSIX seconds, or a date and time as RFC 3339 writes it; UTC where it names no zone."""
    seconds = _timestamp(time) if isinstance(time, str) else time
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        _refuse(TIME_FORMS)
    if not 0 <= seconds <= LAST_SECOND:
        _refuse(TIME_FORMS)
    return float(seconds)


def _timestamp(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        _refuse(TIME_FORMS)


def _known(value: Mapping[str, Value], keys: tuple[str, ...], what: str) -> None:
    if not value.keys() <= set(keys):
        _refuse(f"{what} has no keys but {', '.join(f'`{key}`' for key in keys)}")


def _refuse(message: str) -> NoReturn:
    raise LineError(message)
