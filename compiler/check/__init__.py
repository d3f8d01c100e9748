"""Warnings on what parses and cannot be meant.

Must not change a policy or refuse one. `tools` looks at entries as wholes, `rules` at single rules
and conditions, `shadows` at what rules leave for others, `limits` at limits; each reads only the
parsed policy. `given` looks at a list of a server's tools as well, and is asked by itself.
"""

from compiler.check import limits, rules, shadows, tools
from compiler.check.sections import sections
from compiler.diagnostics import Diagnostic, EnoughErrors, Report, ordered
from compiler.policy import Policy

PER_SECTION = (*tools.SECTION_CHECKS, *rules.CHECKS, *shadows.CHECKS, *limits.CHECKS)


def check(policy: Policy) -> tuple[Diagnostic, ...]:
    """The warnings on a policy, in order of place."""
    report = Report()
    try:
        for look in tools.CHECKS:
            look(policy, report)
        for section in sections(policy):
            for inspect in PER_SECTION:
                inspect(section, report)
    except EnoughErrors:
        pass
    return tuple(ordered(report.diagnostics))
