"""Patterns in RE2 syntax, compiled to automata that every engine runs the same way.

`compile` goes syntax -> nfa -> dfa; `run` holds the result and is all a running gateway loads.
"""

from compiler.regex.errors import PatternError
from compiler.regex.run import Dfa

__all__ = ["Dfa", "PatternError", "compile"]


def compile(pattern: str) -> Dfa:
    """The automaton that answers whether a text contains a match of the pattern.

    Raises PatternError where RE2 would refuse the pattern, and where the automaton would be too
    large or take too long to make.
    """
    # Imported here, so that decoding an automaton loads none of the compile side.
    from compiler.regex import dfa, nfa, syntax

    return dfa.determinise(nfa.assemble(syntax.parse(pattern)))
