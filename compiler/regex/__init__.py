"""Patterns in RE2 syntax, compiled to automata that every engine runs the same way.

`compile` goes syntax -> nfa -> dfa; `run` holds the result and is all a running gateway loads.
Must not know conditions or policies.
"""

from functools import lru_cache

from compiler.regex.errors import Effort, PatternError
from compiler.regex.run import Dfa

__all__ = ["Dfa", "Effort", "PatternError", "compile", "compiled"]

REFUSED = 100_000
"""What a refused pattern adds to the effort, whatever stage refused it."""


def compile(pattern: str, effort: Effort | None = None) -> Dfa:
    """The automaton that answers whether a text contains a match of the pattern.

    Raises PatternError where RE2 would refuse the pattern, and where the automaton would be too
    large or take too long to make. What it took is added to `effort`, so that who compiles many
    patterns can bound the whole.
    """
    # Imported here, so that decoding an automaton loads none of the compile side.
    from compiler.regex import dfa, nfa, syntax

    effort = effort or Effort()
    try:
        return dfa.determinise(nfa.assemble(syntax.parse(pattern)), effort)
    except PatternError:
        effort.spent += REFUSED
        raise


@lru_cache(maxsize=64)
def compiled(pattern: str) -> Dfa:
    """The automaton of a pattern that is known to compile. The latest are kept, since one stage
    after the other asks for them."""
    return compile(pattern)
