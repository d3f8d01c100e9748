"""What the environment says. The only module that reads it.

Must not know what the values are for: it turns variables into settings and references into
secrets, and nothing else.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ENV = "env:"
"""A reference to a secret in the environment: `env:STRIPE_KEY`."""


class SecretMissing(Exception):
    """A reference names a secret that is not there. The text says which, never a value."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The variables holdpoint reads, each with a default."""

    data: Path
    """HOLDPOINT_DATA: the data folder of the embedded world."""
    colour: bool
    """False where NO_COLOR is set or TERM is `dumb`."""
    debug: bool
    """HOLDPOINT_DEBUG: show where an unexpected failure happened."""


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process."""
    return Settings(
        data=Path(environment.get("HOLDPOINT_DATA") or ".holdpoint"),
        colour=not environment.get("NO_COLOR") and environment.get("TERM") != "dumb",
        debug=bool(environment.get("HOLDPOINT_DEBUG")),
    )


def secret(reference: str, environment: Mapping[str, str] = os.environ) -> str:
    """The secret an `env:NAME` reference stands for. Raises `SecretMissing`."""
    name = reference.removeprefix(ENV)
    if name == reference or not name:
        raise SecretMissing(f"`{reference}` is not a reference known here; write `env:NAME`")
    value = environment.get(name)
    if not value:
        raise SecretMissing(f"the environment variable `{name}` is not set; it holds a secret")
    return value
