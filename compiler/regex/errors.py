"""Why a pattern was refused, and where.

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
