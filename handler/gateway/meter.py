"""What is measured of the gateway beside its decision records. A port; the AWS world counts it.

Must not know who reads it. No meter raises: measuring stops no call.
"""

from typing import Protocol


class Meter(Protocol):
    """Told of what no record tells."""

    def judged(self, seconds: float) -> None:
        """One call was decided in this time, its store steps included, its upstream's not."""
        ...

    def unavailable(self) -> None:
        """A request was refused because the store did not answer, or not in time."""
        ...


class Unmeasured:
    """Nobody is told."""

    def judged(self, seconds: float) -> None:
        pass

    def unavailable(self) -> None:
        pass
