"""Diagnostics as other programs read them: JSON, SARIF 2.1.0, GitHub workflow commands.

Must not know policies. Columns count code points from 1, as in the text for people.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import PurePath
from urllib.parse import quote

from compiler.diagnostics import CATALOGUE, Diagnostic, Severity
from handler import __version__

SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def as_json(found: Sequence[Diagnostic], file: str) -> str:
    """A list of objects, one for each diagnostic."""
    return json.dumps([_record(one, file) for one in found], indent=2)


def _record(one: Diagnostic, file: str) -> dict[str, object]:
    return {
        "file": file,
        "line": one.span.line,
        "column": one.span.column,
        "length": one.span.length,
        "severity": one.severity,
        "code": one.code,
        "message": one.message,
        "help": one.help,
    }


def as_sarif(found: Sequence[Diagnostic], file: str) -> str:
    """One run, for code scanning. The rules are those that were broken."""
    codes = sorted({one.code for one in found})
    driver = {
        "name": "holdpoint",
        "version": __version__,
        "rules": [
            {"id": code, "shortDescription": {"text": CATALOGUE[code]}, "defaultConfiguration":
             {"level": Severity.ERROR if code.startswith("E") else Severity.WARNING}}
            for code in codes
        ],
    }  # fmt: skip
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, codes.index(one.code), _uri(file)) for one in found],
    }
    return json.dumps({"$schema": SARIF, "version": "2.1.0", "runs": [run]}, indent=2)


def _result(one: Diagnostic, rule: int, uri: str) -> dict[str, object]:
    region = {
        "startLine": one.span.line,
        "startColumn": one.span.column,
        "endColumn": one.span.column + one.span.length,
    }
    place = {"artifactLocation": {"uri": uri}, "region": region}
    return {
        "ruleId": one.code,
        "ruleIndex": rule,
        "level": one.severity,
        "message": {"text": _sentence(one)},
        "locations": [{"physicalLocation": place}],
    }


def _uri(file: str) -> str:
    """A reference relative to where the command ran, or a `file:` URI of an absolute path."""
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix(), safe="/")


def as_github(found: Sequence[Diagnostic], file: str) -> str:
    """One workflow command a line: annotations on a pull request."""
    return "\n".join(_command(one, file) for one in found)


def _command(one: Diagnostic, file: str) -> str:
    properties = {
        "file": file,
        "line": one.span.line,
        "col": one.span.column,
        "endColumn": one.span.column + one.span.length,
        "title": one.code,
    }
    listed = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in properties.items())
    return f"::{one.severity} {listed}::{_escaped(_sentence(one))}"


def _escaped(text: str, besides: str = "") -> str:
    """What would end a command or a property as `%XX`."""
    return "".join(f"%{ord(one):02X}" if one in "%\r\n" or one in besides else one for one in text)


def _sentence(one: Diagnostic) -> str:
    return f"{one.message}; {one.help}" if one.help else one.message


FORMATS: dict[str, Callable[[Sequence[Diagnostic], str], str]] = {
    "json": as_json,
    "sarif": as_sarif,
    "github": as_github,
}
"""By the name that `--format` takes. Each is given the diagnostics in order and the file's name."""
