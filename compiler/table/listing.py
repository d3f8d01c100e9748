"""A decision table for people: what each tool's calls must pass, in the order it is asked.

Must not know bytes. Each rule shows its index in its list and its line in the source.
"""

from collections.abc import Iterable, Iterator

from compiler.diagnostics import visible
from compiler.ir import EntryRow, HoldRow, LimitRow, Program, RuleRow
from compiler.names import amount_text, window_text
from compiler.verdict import Place


def listing(program: Program) -> str:
    """The whole program as text, ending in a line break; nothing in it that a terminal obeys."""
    return "\n".join(map(visible, _lines(program))) + "\n"


def _lines(program: Program) -> Iterator[str]:
    default = "deny" if program.unlisted is None else "allow"
    tools = _counted(program.globs_from, "tool")
    globs = _counted(len(program.entries) - program.globs_from, "glob")
    conditions = _counted(len(program.conditions), "condition")
    yield f"default {default}, {tools}, {globs}, {conditions}"
    if program.hide:
        yield f"hidden: {', '.join(program.hide)}"
    for entry in program.entries:
        yield from _entry(program, entry.name, entry)
    if program.unlisted is not None:
        yield from _entry(program, "any other tool", program.unlisted)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _entry(program: Program, title: str, entry: EntryRow) -> Iterator[str]:
    yield ""
    yield title
    for index in entry.require:
        yield from _rule(program, "require", program.rules[index])
    for index in entry.deny_if:
        yield from _rule(program, "deny_if", program.rules[index])
    for index in entry.approve_if:
        yield from _hold(program, program.holds[index])
    for index in entry.limits:
        yield from _limit(program, program.limits[index])
    if not (entry.require or entry.deny_if or entry.approve_if or entry.limits):
        yield "  allowed"


def _rule(program: Program, word: str, rule: RuleRow) -> Iterator[str]:
    yield _head(word, rule.place, rule.written)
    yield from _conditions(program, rule.conditions)


def _hold(program: Program, hold: HoldRow) -> Iterator[str]:
    yield _head("approve_if", hold.place, hold.written)
    yield from _conditions(program, hold.conditions)
    approvers = ", ".join(hold.approvers) or "nobody"
    yield f"    {hold.quorum} of {approvers}, within {hold.expires_in} s"


def _limit(program: Program, limit: LimitRow) -> Iterator[str]:
    yield _head("limit", limit.place, limit.message)
    source = limit.increment_from
    taken = "1" if source is None else program.paths[source].text
    per = "".join(f", per {program.paths[index].text}" for index in limit.per)
    most = f"at most {amount_text(limit.maximum)} per {window_text(limit.window)}"
    shards = f", {limit.shards} shards" if limit.shards > 1 else ""
    yield f"    takes {taken}, {most}{per}, scope {limit.scope}, tally of {limit.owner}{shards}"


def _head(word: str, place: Place, text: str) -> str:
    line = f"  {word} {place.rule} [{place.index}] line {place.line}"
    return f"{line}: {text}" if text else line


def _conditions(program: Program, indices: Iterable[int]) -> Iterator[str]:
    for index in indices:
        row = program.conditions[index]
        yield f"    {program.paths[row.path].text} {row.operator} {program.values[row.value]}"
    if not indices:
        yield "    always"
