"""Facts as people read them, in aligned columns, or as programs do, in JSON.

Names of tools and arguments are an agent's text: what a terminal would obey is written as
`\\u{..}`.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from handler.approvals.display import visible

Facts = Mapping[str, object]

SHORT = 12
"""Characters of a revision's digest that people read."""

NOTHING = "-"


def listing(facts: Sequence[Facts], form: str, columns: Sequence[str], empty: str) -> str:
    """One row each: in JSON all facts, in text the named ones; `empty` where there is nothing."""
    if form == "json":
        return json.dumps(facts, indent=2)
    if not facts:
        return empty
    rows = [[name.replace("_", " ").upper() for name in columns]]
    rows += [[cell(name, each[name]) for name in columns] for each in facts]
    return aligned(rows)


def made_by(*, declared: bool) -> str:
    """Where a server or a grant comes from: a file ends what files made."""
    return "file" if declared else "hand"


def sheet(facts: Facts, form: str) -> str:
    """One thing: a line for each of its facts."""
    if form == "json":
        return json.dumps(facts, indent=2)
    return aligned([[name.replace("_", " "), cell(name, fact)] for name, fact in facts.items()])


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of equal length, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def cell(name: str, fact: object) -> str:
    """One fact on one line."""
    if fact is None or fact in ("", [], {}):
        return NOTHING
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    if isinstance(fact, Mapping):
        return ", ".join(f"{key} {cell(name, value)}" for key, value in fact.items())
    if isinstance(fact, list | tuple):
        return ", ".join(cell(name, each) for each in fact)
    return visible(str(fact)[:SHORT] if name in ("revision", "policies") else str(fact))


def moment(time: float | None) -> str | None:
    """`2026-07-28T12:00:00Z`."""
    if time is None:
        return None
    text = datetime.fromtimestamp(time, tz=UTC).isoformat(timespec="seconds")
    return text.replace("+00:00", "Z")
