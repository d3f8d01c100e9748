"""A pattern while it is read, from its start to its end.

Must not know what stands in it. Offsets count code points.
"""

import re
from typing import NoReturn

from compiler.regex.errors import PatternError


class Cursor:
    """The pattern, and the place in it that is read next."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    @property
    def ended(self) -> bool:
        return self.at >= len(self.pattern)

    def fail(self, message: str, offset: int | None = None) -> NoReturn:
        """Refuse the pattern, here or at an offset."""
        raise PatternError(message, self.at if offset is None else offset)

    def starts(self, *texts: str) -> bool:
        """Whether one of the texts is next."""
        return self.pattern.startswith(texts, self.at)

    def next(self, after: int = 0) -> str:
        """The character so many after the next one; empty past the end."""
        return self.pattern[self.at + after : self.at + after + 1]

    def take(self, text: str) -> bool:
        """Whether the text is next; if so it is read."""
        found = self.starts(text)
        if found:
            self.at += len(text)
        return found

    def take_match(self, expression: re.Pattern[str]) -> re.Match[str] | None:
        """What the expression matches from here on; it is then read."""
        match = expression.match(self.pattern, self.at)
        if match:
            self.at = match.end()
        return match

    def character(self) -> int:
        """The code point that is next, read as itself."""
        code = ord(self.pattern[self.at])
        if 0xD800 <= code <= 0xDFFF:
            self.fail("a lone surrogate is not a character")
        self.at += 1
        return code
