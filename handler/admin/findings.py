"""What an examination found. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What was found about one thing."""

    FINE = "fine"
    WRONG = "wrong"
    UNTOLD = "untold"
    """It could not be examined, most often for lack of a right."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was examined."""

    what: str
    state: State
    told: str
    mend: str = ""
