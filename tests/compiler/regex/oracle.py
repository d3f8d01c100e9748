"""RE2 itself, as what our automata are compared with."""

import re2  # type: ignore[import-untyped]  # the package ships no types

from compiler.regex import Dfa, PatternError, compile

OPTIONS = re2.Options()
OPTIONS.log_errors = False

OURS_ONLY = ("larger", "too large", "more than", "longer")
"""Words of refusals that come from our own bounds, which RE2 does not share."""


def compiled(pattern: str) -> Dfa | PatternError:
    """Our automaton, or our refusal."""
    try:
        return compile(pattern)
    except PatternError as refusal:
        return refusal


def accepted(pattern: str) -> bool:
    """Whether RE2 takes the pattern."""
    try:
        re2.compile(pattern, OPTIONS)
    except re2.error:
        return False
    return True


def found(pattern: str, text: str) -> bool:
    """Whether RE2 finds a match in the text."""
    return re2.compile(pattern, OPTIONS).search(text) is not None


def matches(pattern: str, text: str) -> list[str]:
    """All that RE2 finds in the text, left to right."""
    return [match[0] for match in re2.compile(pattern, OPTIONS).finditer(text)]
