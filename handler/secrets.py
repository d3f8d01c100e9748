"""References to secrets, and the values behind them.

Must not know what a secret is for. Registrations hold references (`env:NAME`, `ssm:NAME`,
`secretsmanager:NAME`); a value lives here for at most `KEPT_SECONDS`, and in no message.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Protocol

from handler.clock import wall_time

KEPT_SECONDS = 300.0
KEPT_VALUES = 256


class SecretMissing(Exception):
    """A reference leads to no secret. The text names the reference, never a value."""


class Source(Protocol):
    """One place where secrets are, such as the environment."""

    async def find(self, name: str) -> str | None: ...


class Environment:
    """Secrets in environment variables."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    async def find(self, name: str) -> str | None:
        return self._variables.get(name)


class Secrets:
    """Reveals references through the source of their scheme, and remembers for a short while."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = wall_time,
    ) -> None:
        """By either clock a value is old: while a container is frozen, one may stand still."""
        self._sources = sources
        self._monotonic, self._wall = monotonic, wall
        self._kept: OrderedDict[str, tuple[str, float, float]] = OrderedDict()

    async def reveal(self, reference: str, *, anew: bool = False) -> str:
        """The value behind a reference. `anew` trusts none that is kept. Raises `SecretMissing`."""
        kept = None if anew else self._kept.get(reference)
        if kept is not None and kept[1] > self._monotonic() and kept[2] > self._wall():
            return kept[0]
        scheme, _, name = reference.partition(":")
        source = self._sources.get(scheme)
        value = await source.find(name) if source else None
        if not value:
            raise SecretMissing(f"the secret `{reference}` is not there")
        self._kept[reference] = (
            value,
            self._monotonic() + KEPT_SECONDS,
            self._wall() + KEPT_SECONDS,
        )
        if len(self._kept) > KEPT_VALUES:
            self._kept.popitem(last=False)
        return value
