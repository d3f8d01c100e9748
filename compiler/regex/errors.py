"""Why a pattern was refused, and where; and what making automata has cost.

Must not know how patterns are read: every stage of `compiler.regex` raises this one error.
"""


class PatternError(Exception):
    """A pattern that cannot be used.

    `message` is one lower-case sentence; `offset` counts code points from the start of the pattern.
    """

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class Effort:
    """The work spent on several patterns; a million is up to half a second."""

    __slots__ = ("spent",)

    def __init__(self, spent: int = 0) -> None:
        self.spent = spent
