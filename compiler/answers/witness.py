"""A concrete call that shows an answer, decided by the specification before anybody sees it.

Must not know how it was found. What is checked is the text that is printed, read back.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from compiler.answers.places import Example
from compiler.meaning import Meaning
from compiler.values import read_number
from compiler.verdict import Call, Subject, Verdict

ANY_TIME = 1_767_614_400.0
"""2026-01-05T12:00:00Z, where no rule reads the time."""


class NotReproduced(Exception):
    """A witness does not show what it was found for: a fault of ours, and nothing is printed."""


@dataclass(frozen=True, slots=True)
class Witness:
    """One call, in the form that `holdpoint decide` reads: a line of JSON."""

    line: str

    def decided(self, meaning: Meaning) -> Verdict:
        """The specification's verdict on the line."""
        return meaning.decide(*self.facts())

    def facts(self) -> tuple[Call, Subject, float]:
        """The call, who makes it and when, as the line says it."""
        found = json.loads(self.line, parse_int=_number, parse_float=_number)
        grant = found.get("grant", {})
        subject = Subject(grant.get("label", ""), tuple(grant.get("tags", ())))
        time = found.get("time")
        now = datetime.fromisoformat(time).timestamp() if time else ANY_TIME
        return Call(found["tool"], found["args"]), subject, now


def witness(tool: str, example: Example) -> Witness:
    """The line for a tool; grant and time stand in it only where rules read them."""
    line: dict[str, object] = {"tool": tool, "args": example.arguments}
    if example.subject is not None:
        tags = list(example.subject.tags)
        line["grant"] = {"label": example.subject.label, **({"tags": tags} if tags else {})}
    if example.now is not None:
        moment = datetime.fromtimestamp(example.now, tz=UTC)
        line["time"] = moment.isoformat().replace("+00:00", "Z")
    text = json.dumps(line, ensure_ascii=False)
    return Witness(text if text.isprintable() else json.dumps(line))


def _number(text: str) -> int | float:
    number = read_number(text)
    if number is None:
        raise NotReproduced(f"no server is sent the number {text}")
    return number
