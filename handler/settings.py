"""What the environment says. The only module that reads it.

Must not know what the values are for: it turns variables into settings and nothing else.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Settings(NamedTuple):
    """The variables holdpoint reads, each with a default."""

    data: Path
    """HOLDPOINT_DATA: the data folder of the embedded world."""
    colour: bool
    """False where NO_COLOR is set or TERM is `dumb`."""
    debug: bool
    """HOLDPOINT_DEBUG: show where an unexpected failure happened."""
    region: str | None
    """AWS_REGION, which the SDK for Python does not read, and AWS's other tools do."""


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process."""
    return Settings(
        data=Path(environment.get("HOLDPOINT_DATA") or ".holdpoint"),
        colour=not environment.get("NO_COLOR") and environment.get("TERM") != "dumb",
        debug=bool(environment.get("HOLDPOINT_DEBUG")),
        region=environment.get("AWS_REGION") or None,
    )


def variables() -> Mapping[str, str]:
    """All variables, for the secrets that references of the form `env:NAME` stand for."""
    return os.environ
