"""What the compiler tells a policy's author: codes, places, and how they are drawn.

Must not know the language: a diagnostic says what its maker says. docs/diagnostics.md explains
every code of the catalogue.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from compiler.policy import Span


class Severity(StrEnum):
    """An error keeps a policy from being used; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


CATALOGUE = {
    "E001": "the file is not UTF-8, or starts with a byte order mark",
    "E002": "the file is larger than a policy may be",
    "E003": "the text is not JSON",
    "E004": "values are nested too deep",
    "E005": "a key is written twice in one object",
    "E006": "a number that servers read differently",
    "E007": "a string with a bad escape, a control character or half a surrogate pair",
    "E010": "an unknown key",
    "E011": "a key is missing",
    "E012": "a value of the wrong type",
    "E013": "a version of the language that this compiler does not know",
    "E014": "a word that is none of those allowed here",
    "E015": "a number outside the range allowed here",
    "E016": "a shorthand that cannot be combined with what stands beside it",
    "E017": "a name that cannot stand here",
    "E020": "a path that does not parse",
    "E021": "an unknown operator",
    "E022": "a value that the operator, or what the path reads, cannot be compared with",
    "E023": "a regular expression that does not compile",
    "E024": "a path with `[*]` where one value is needed",
    "E030": "a counter is named twice where it would count one call twice",
    "E031": "limits that share a counter and do not agree",
    "E032": "the scope `all` without `shared`",
    "E033": "more limits on one call than can be reserved together",
    "E034": "a window that is neither a name nor a number of seconds",
    "E035": "`shards` on a limit that cannot be split",
    "E040": "two globs of equal length that can match one tool",
    "E041": "more tools or globs than a policy may have, or more rules for each of them",
    "E050": "a duration that does not parse or is out of range",
    "E051": "an approver that is no address, is named twice, or is one too many",
    "E052": "a quorum that the approvers cannot reach",
    "W101": "the policy can allow nothing",
    "W102": "`hide` under default deny with no tools: everything is denied, not only the hidden",
    "W103": "a rule that no call can reach",
    "W104": "a `deny_if` comparison on an argument that may be missing",
    "W105": "a required regular expression that is not anchored",
    "W106": "a permanent deny whose text speaks of approval",
    "W107": "an `approve_if` that nobody can approve",
    "W108": "an exact name that drops the restrictions of a glob",
    "W109": "a limit `per` value without a total beside it",
    "W110": "a session limit without a grant limit beside it",
    "W111": "a limit that can never be reached",
    "W112": "a condition whose answer is always the same",
    "W113": "an entry that serves none of the tools given",
    "W114": "shards so small that they refuse early",
    "W115": "a text that is read otherwise than it looks",
    "W116": "a tool's name that looks like a pattern",
}
"""Every code and what it stands for. E is an error, W a warning."""

MOST = 1000
"""No more diagnostics than this are collected from one policy."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `message` is one sentence in lower case; `help` says what to do, or is empty."""

    code: str
    message: str
    span: Span
    help: str = ""

    @property
    def severity(self) -> Severity:
        return Severity.ERROR if self.code.startswith("E") else Severity.WARNING


class EnoughErrors(Exception):
    """As many diagnostics as anyone reads are collected; the rest is not looked at."""


class Report:
    """Collects diagnostics on one policy. `add` raises `EnoughErrors` at the thousandth."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

    def add(self, code: str, span: Span, message: str, help: str = "") -> None:
        assert code in CATALOGUE
        self.diagnostics.append(Diagnostic(code, message, span, help))
        if len(self.diagnostics) >= MOST:
            raise EnoughErrors


def ordered(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """By place, then code."""
    return sorted(diagnostics, key=lambda one: (one.span.line, one.span.column, one.code))


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    return any(one.severity is Severity.ERROR for one in diagnostics)


def render(diagnostics: Iterable[Diagnostic], text: str, file: str) -> str:
    """All diagnostics in order of place, each with its line of the source and a caret under it."""
    lines = text.split("\n")
    return "".join(_drawn(one, lines, file) for one in ordered(diagnostics))


EXCERPT = 96
"""Code points of a source line that are shown."""


def _drawn(one: Diagnostic, lines: list[str], file: str) -> str:
    head = f"{file}:{one.span.line}:{one.span.column}: {one.code} {one.message}\n"
    help_line = f" = help: {one.help}\n" if one.help else ""
    if lines == [""]:
        return head + help_line
    line = lines[one.span.line - 1].rstrip("\r") if one.span.line <= len(lines) else ""
    start = 0 if one.span.column <= EXCERPT * 3 // 4 else one.span.column - EXCERPT // 2
    at = one.span.column - 1
    end = start + EXCERPT
    before, shown = visible(line[start:at]), visible(line[start:end])
    carets = "^" * max(1, _width(visible(line[at : min(at + one.span.length, end)])))
    return f"{head} | {shown}\n | {' ' * _width(before)}{carets}\n{help_line}"


def visible(text: str) -> str:
    """The text with tabs as spaces and whatever a terminal would not print as `\\u{..}`."""
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else " " if one == "\t" else f"\\u{{{ord(one):x}}}" for one in text
    )


def quote(text: str, most: int = 60) -> str:
    """User text inside a message: in backticks, printable, and not too long."""
    return f"`{visible(text[:most])}{'…' if len(text) > most else ''}`"


def _width(text: str) -> int:
    """Terminal columns (Unicode Standard Annex 11)."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(one) else 1 + (unicodedata.east_asian_width(one) in "WF")
        for one in text
    )
