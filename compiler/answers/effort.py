"""How much work an answer may take. A policy can be built so that one would take years.

Counted are steps, not seconds, so that the same question has the same answer on every machine. Must
not know what the work is.
"""

MOST_STEPS = 40_000_000
"""Of one answer: about a minute."""


class TooMany(Exception):
    """More than can be looked at. The text says of what."""


class Exhausted(TooMany):
    """There are no steps left."""


class Effort:
    """The steps that are left of one answer."""

    def __init__(self, steps: int = MOST_STEPS) -> None:
        self.left = steps

    def expect(self, steps: int) -> None:
        """Raises `Exhausted` where there are not so many; takes none. Saves work without an end."""
        if steps > self.left:
            self.spend(steps)

    def spend(self, steps: int) -> None:
        """Raises `Exhausted` where there are not so many, now and for all that is asked later."""
        self.left -= steps
        if self.left < 0:
            raise Exhausted("the policies are too large to be looked at in full")
