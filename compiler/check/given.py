"""Entries beside the tools that a server has: those that serve none of them.

Must not know where the list comes from.
"""

import difflib
from collections.abc import Collection

from compiler import globs
from compiler.diagnostics import Diagnostic, EnoughErrors, Report, ordered, quote
from compiler.policy import Policy

CODE = "W113"
MOST_NEAR = 500
"""Names among which a similar one is looked for, which takes long."""


def check_given(policy: Policy, tools: Collection[str]) -> tuple[Diagnostic, ...]:
    """The warnings on a policy for a server with these tools, in order of place."""
    report = Report()
    names = dict.fromkeys(tools)
    try:
        for entry in policy.tools:
            if entry.is_glob and not any(globs.matches(entry.name, name) for name in names):
                message = f"the glob {quote(entry.name)} matches none of the tools given"
                report.add(CODE, entry.span, message)
            elif not entry.is_glob and entry.name not in names:
                message = f"none of the tools given is called {quote(entry.name)}"
                report.add(CODE, entry.span, message, _meant(entry.name, names))
    except EnoughErrors:
        pass
    return tuple(ordered(report.diagnostics))


def _meant(name: str, names: Collection[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1) if len(names) <= MOST_NEAR else []
    return f"did you mean {quote(close[0])}?" if close else ""
